import type { IncomingMessage } from 'node:http';
import type { TLSSocket } from 'node:tls';
import type { ClientCertificate } from '../contracts/policy.ts';
import { alternativeNames } from '../lib/alternative-names.ts';

interface Shown {
  readonly certificate: ClientCertificate;
  /** Milliseconds since the epoch. */
  readonly expiresAt: number;
}

/** By connection: read once, however many requests come on it. */
const shown = new WeakMap<object, Shown | null>();

/** The certificate that a request's client showed in the handshake of its connection, and no header's word for it. */
export function clientCertificateOf(request: IncomingMessage): ClientCertificate | undefined {
  const { socket } = request;
  if (!('encrypted' in socket)) return undefined;
  // The sockets of HTTP/2 requests are made anew for each; their session is one.
  const { stream } = request as { stream?: { session?: object } };
  const connection = stream?.session ?? socket;
  let known = shown.get(connection);
  if (known === undefined) {
    known = read(socket as TLSSocket);
    shown.set(connection, known);
  }
  if (known === null) return undefined;
  const { certificate, expiresAt } = known;
  // It may run out while its connection stands.
  return certificate.fault === '' && Date.now() > expiresAt
    ? { ...certificate, fault: 'CERT_HAS_EXPIRED' }
    : certificate;
}

function read(socket: TLSSocket): Shown | null {
  const x509 = socket.getPeerX509Certificate();
  if (x509 === undefined) return null;
  const { dns, uri, email } = alternativeNames(x509.subjectAltName);
  const { subject } = x509.toLegacyObject();
  return {
    expiresAt: x509.validToDate.getTime(),
    certificate: {
      fault: socket.authorized ? '' : String(socket.authorizationError),
      sha256: x509.fingerprint256.replaceAll(':', '').toLowerCase(),
      // Several common names are none.
      subject: typeof subject?.CN === 'string' ? subject.CN : '',
      names: [
        ...dns.map((name) => `dns:${name}`),
        ...uri.map((name) => `uri:${name}`),
        ...email.map((name) => `email:${name}`),
      ],
    },
  };
}
