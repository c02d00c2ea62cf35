import { X509Certificate } from 'node:crypto';
import type { TLSSocket } from 'node:tls';
import { pemBlocks } from '../lib/pem-blocks.ts';

/** Certificates of a chain that are looked at. */
const DEEPEST = 10;

/**
 * The authorities whose client certificates are valid, and the connections that stand on their word: a handshake is once,
 * and a connection may live for days. Whom nobody vouches for any more is cut off, whatever it is in the middle of.
 */
export class ClientAuthorities {
  #pem = '';
  #all: readonly X509Certificate[] = [];
  readonly #connections = new Set<TLSSocket>();

  /** A connection whose handshake is done. */
  enter(socket: TLSSocket): void {
    if (!socket.authorized) return;
    this.#connections.add(socket);
    socket.once('close', () => this.#connections.delete(socket));
  }

  /** @param pem the authorities from now on; '' where clients are not asked for certificates */
  use(pem: string): void {
    if (pem === this.#pem) return;
    this.#pem = pem;
    this.#all = pemBlocks(pem, 'CERTIFICATE').map((each) => new X509Certificate(each));
    for (const socket of this.#connections) {
      if (!this.#believes(socket.getPeerX509Certificate())) socket.destroy();
    }
  }

  /** The chain was valid at the handshake: only whether it still ends at one of ours may have changed. */
  #believes(leaf: X509Certificate | undefined): boolean {
    let certificate = leaf;
    for (let depth = 0; depth < DEEPEST && certificate !== undefined; depth++) {
      if (this.#all.some((authority) => isOf(certificate as X509Certificate, authority))) return true;
      certificate = certificate.issuerCertificate;
    }
    return false;
  }
}

const isOf = (certificate: X509Certificate, authority: X509Certificate): boolean =>
  certificate.fingerprint256 === authority.fingerprint256 ||
  (certificate.checkIssued(authority) && certificate.verify(authority.publicKey));
