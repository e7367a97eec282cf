/** Where clients would find the services; no fuzz asks for them. */
export const addresses = {
  fulcio: ['http://f'],
  rekor: ['http://r'],
  ctlog: ['http://c'],
  tsa: ['http://t'],
  oidcIssuer: ['http://o'],
  operator: 'x',
} as const;
