/**
 * Bytes that are not what they should be (`data`), or that are each in order and do not belong
 * together (`contradiction`). The message never quotes them: they may be a private key.
 */
export class PkiError extends Error {
  override readonly name = 'PkiError';
  readonly fault: 'data' | 'contradiction';

  constructor(message: string, fault: 'data' | 'contradiction' = 'data') {
    super(message);
    this.fault = fault;
  }
}
