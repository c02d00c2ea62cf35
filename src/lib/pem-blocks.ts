/** What a block of a PEM file holds (RFC 7468). */
export type PemLabel = 'CERTIFICATE' | 'X509 CRL';

/** The blocks of a kind in a PEM file, each as it stands there. */
export const pemBlocks = (text: string, label: PemLabel): string[] =>
  text.match(new RegExp(`-----BEGIN ${label}-----[^-]+-----END ${label}-----`, 'g')) ?? [];
