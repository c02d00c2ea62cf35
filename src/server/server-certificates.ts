import { X509Certificate } from 'node:crypto';
import { createSecureContext, type SecureContext, type SecureContextOptions } from 'node:tls';
import type { ServerTlsConfig } from '../config/schema/index.ts';
import { alternativeNames } from '../lib/alternative-names.ts';
import { pemBlocks } from '../lib/pem-blocks.ts';
import { revokedSerials } from '../lib/revoked-serials.ts';

/** A certificate of the public listener. */
export interface ServerCertificate {
  /** What logs and metrics call it: its first host name. */
  readonly name: string;
  /** SHA-256 of the certificate, lower-case hex. */
  readonly fingerprint: string;
  /** Milliseconds since the epoch. */
  readonly expiresAt: number;
}

/** The certificates of one revision, by host name. */
export class ServerCertificates {
  readonly all: readonly ServerCertificate[];
  /** For clients that name no host, or one that is not here. */
  readonly first: SecureContextOptions;
  /** Serial numbers of the client certificates that are revoked, of all lists together. */
  readonly revokedClients: ReadonlySet<string>;
  readonly #byName = new Map<string, SecureContext>();

  /** @throws Error if two certificates are for the same name, or can't be used */
  constructor(tls: ServerTlsConfig) {
    const all: ServerCertificate[] = [];
    let first: SecureContextOptions | undefined;
    const crls =
      tls.clientAuth !== 'none' && tls.clientCrl ? pemBlocks(tls.clientCrl.read(), 'X509 CRL') : [];
    for (const { cert, key, names } of tls.certificates) {
      const x509 = new X509Certificate(cert.read());
      const own = (names ?? namesOf(x509)).map((name) => name.toLowerCase());
      const options: SecureContextOptions = {
        cert: cert.read(),
        key: key.read(),
        minVersion: tls.minVersion,
        ...(tls.clientAuth === 'none' ? {} : { ca: tls.clientCa?.read() }),
        ...(crls.length === 0 ? {} : { crl: crls }),
      };
      first ??= options;
      const context = createSecureContext(options);
      for (const name of new Set(own)) {
        if (this.#byName.has(name))
          throw new Error(`server.tls: two certificates are for "${name}": give them "names" that differ`);
        this.#byName.set(name, context);
      }
      all.push({
        name: own[0] ?? cert.path,
        fingerprint: x509.fingerprint256.replaceAll(':', '').toLowerCase(),
        expiresAt: x509.validToDate.getTime(),
      });
    }
    this.all = all;
    this.revokedClients = new Set(crls.flatMap(revokedSerials));
    this.first = first as SecureContextOptions;
  }

  /** The certificate for a host name: its own, or that of `*.` and the rest of it. */
  contextFor(host: string): SecureContext | undefined {
    const name = host.toLowerCase();
    return this.#byName.get(name) ?? this.#byName.get(`*${name.slice(name.indexOf('.'))}`);
  }
}

/** Those of its alternative names that can be asked for; in old certificates the subject's common name. */
function namesOf(x509: X509Certificate): string[] {
  const { dns, ip } = alternativeNames(x509.subjectAltName);
  if (dns.length > 0 || ip.length > 0) return [...dns, ...ip];
  const { subject } = x509.toLegacyObject();
  return typeof subject?.CN === 'string' ? [subject.CN] : [];
}
