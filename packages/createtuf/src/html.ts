/** Text that is HTML already; any other text is escaped where it is put into a template. */
export interface Html {
  readonly html: string;
}

type Value = string | number | Html | undefined | readonly Html[];

/** A template whose values can be no markup, in an element or in a quoted attribute. */
export function html(parts: TemplateStringsArray, ...values: readonly Value[]): Html {
  return { html: parts.map((part, index) => part + markup(values[index])).join('') };
}

/** For a text of our own that is to stand as it is, such as a style sheet. */
export const asIs = (text: string): Html => ({ html: text });

function markup(value: Value): string {
  if (value === undefined) return '';
  if (typeof value === 'string') return escaped(value);
  if (typeof value === 'number') return String(value);
  return 'html' in value ? value.html : value.map((one) => one.html).join('');
}

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (one) => entities[one] ?? '');
}
