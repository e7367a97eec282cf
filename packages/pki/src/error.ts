/**
 * Bytes that are not what they should be (`data`), or that are each in order and do not belong
 * together (`contradiction`). The message never quotes them: they may be a private key.
 */
export class PkiError extends Error {
  override readonly name = 'PkiError';
  readonly fault: 'data' | 'contradiction';
  /** What to do about it, where that is known here. */
  readonly hint: string | undefined;

  constructor(message: string, fault: 'data' | 'contradiction' = 'data', hint?: string) {
    super(message);
    this.fault = fault;
    this.hint = hint;
  }
}

/** For a certificate that is not what RFC 5280 and Go's readers ask for. */
export function odd(why: string): PkiError {
  return new PkiError(`holds a CERTIFICATE that Go's readers refuse: ${why}`);
}

/** For an extension whose value is not what its name says. */
export function malformed(oid: string): PkiError {
  return odd(`its extension ${oid} is malformed`);
}
