import { isIP } from 'node:net';
import type { SecureContextOptions } from 'node:tls';
import type { PemFile } from '../lib/pem-file.ts';

/** How the targets of an upstream are spoken to; as in the config. */
export interface TargetTls {
  ca?: PemFile;
  cert?: PemFile;
  key?: PemFile;
  serverName?: string;
  verify: boolean;
}

/** Changes with what is in the files: connections that were opened with others are not used again. */
export const tlsIdentity = (tls: TargetTls | undefined): string =>
  tls === undefined
    ? ''
    : [tls.ca?.sha256, tls.cert?.sha256, tls.key?.sha256, tls.serverName, tls.verify].join(' ');

export interface TlsConnectOptions extends SecureContextOptions {
  rejectUnauthorized?: boolean;
}

/** As Node's `tls.connect` takes it, without the name. */
export function tlsConnectOptions(tls: TargetTls | undefined): TlsConnectOptions {
  if (tls === undefined) return {};
  return {
    rejectUnauthorized: tls.verify,
    ...(tls.ca && { ca: tls.ca.read() }),
    ...(tls.cert && tls.key && { cert: tls.cert.read(), key: tls.key.read() }),
  };
}

/** The name that is asked for in a handshake; an address is no name (RFC 6066 section 3). */
export const sniOf = (servername: string | null | undefined): string | null =>
  !servername || isIP(servername.replace(/^\[|\]$/g, '')) ? null : servername;
