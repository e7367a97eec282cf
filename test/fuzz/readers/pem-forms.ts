/* The same PEM as people's editors, shells and mailers leave it. */

export type Form = (text: string) => string;

export const forms: Readonly<Record<string, Form>> = {
  'as it was': (text) => text,
  'carriage returns': (text) => text.replaceAll('\n', '\r\n'),
  'text before': (text) => `subject=CN = x\nissuer=y\n\n${text}`,
  'text between': (text) => text.replaceAll(/(?<=-----\n)(?=-----BEGIN)/g, '\n# next\n'),
  'no line feed at its end': (text) => text.trimEnd(),
  'one line for all': (text) => text.replaceAll(/(?<=[A-Za-z0-9+/=])\n(?=[A-Za-z0-9+/=]+\n)/g, ''),
  'blanks at the ends of lines': (text) => text.replaceAll('\n', ' \t\n'),
  'blank lines behind': (text) => `${text}\n\n`,
  'blank lines between': (text) => text.replaceAll(/(?<=-----\n)(?=-----BEGIN)/g, '\n\n'),
};

export const oddForms: Readonly<Record<string, Form>> = {
  'a byte order mark': (text) => `\xef\xbb\xbf${text}`,
  indented: (text) => text.replaceAll(/^(?=.)/gm, '    '),
  'the first line indented': (text) => ` ${text}`,
  glued: (text) => text.replaceAll('-----\n-----BEGIN', '----------BEGIN'),
  'text behind': (text) => `${text}# the end\n`,
  'a comment behind each end': (text) => text.replaceAll(/(-----END [^\n]*)/g, '$1 # mine'),
  'a comment behind each beginning': (text) => text.replaceAll(/(-----BEGIN [^\n]*)/g, '$1 # mine'),
  'a comment inside': (text) => text.replaceAll(/(-----BEGIN [^\n]*\n)/g, '$1# mine\n'),
  headers: (text) => text.replaceAll(/(-----BEGIN [^\n]*\n)/g, '$1X-Mine: yes\n\n'),
  'carriage returns alone': (text) => text.replaceAll('\n', '\r'),
  'a carriage return at its end': (text) => `${text.trimEnd()}\r`,
  'no end': (text) => text.slice(0, text.lastIndexOf('-----END')),
  'an end without a beginning': (text) => `-----END X-----\n${text}`,
  'a beginning without an end': (text) => `-----BEGIN X-----\n${text}`,
  'a beginning without an end behind': (text) => `${text}-----BEGIN X-----\n`,
  'four dashes': (text) => text.replace('-----END', '----END'),
  'small letters': (text) => text.replaceAll(/BEGIN|END/g, (mark) => mark.toLowerCase()),
  'a form feed inside': (text) => text.replace(/(?<=-----\n.{10})/, '\f'),
  'a no-break space inside': (text) => text.replace(/(?<=-----\n.{10})/, '\xa0'),
  'without padding': (text) => text.replaceAll('=', ''),
  'letters of URLs': (text) => text.replaceAll('+', '-').replaceAll(/(?<=\w)\/(?=\w)/g, '_'),
  'another block behind': (text) => `${text}-----BEGIN X-----\nAAAA\n-----END X-----\n`,
  'another block before': (text) => `-----BEGIN X-----\nAAAA\n-----END X-----\n${text}`,
  twice: (text) => text + text,
  nothing: () => '',
};
