/** What the providers are called, each of which is an issuer of its own; Fulcio never hears of the last. */
export const names = [
  'people',
  'github',
  'gitlab',
  'cluster',
  'spiffe',
  'uri',
  'username',
  'jenkins',
  'stranger',
] as const;

export type Name = (typeof names)[number];
