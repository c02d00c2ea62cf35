import { X509Certificate } from 'node:crypto';
import type { TLSSocket } from 'node:tls';
import { pemBlocks } from '../lib/pem-blocks.ts';

/** Certificates of a chain that are looked at. */
const DEEPEST = 10;

/**
 * The authorities whose client certificates are valid, those that they have revoked, and the connections that stand on
 * their word: a handshake is once, and a connection may live for days. Whom nobody vouches for any more is cut off,
 * whatever it is in the middle of.
 */
export class ClientAuthorities {
  #pem = '';
  #all: readonly X509Certificate[] = [];
  /** Serial numbers: who is cut for another authority's only shakes hands again, where OpenSSL judges. */
  #revoked: ReadonlySet<string> = new Set();
  readonly #connections = new Set<TLSSocket>();

  /** A connection whose handshake is done. */
  enter(socket: TLSSocket): void {
    if (!socket.authorized) return;
    this.#connections.add(socket);
    socket.once('close', () => this.#connections.delete(socket));
  }

  /**
   * @param pem the authorities from now on; '' where clients are not asked for certificates
   * @param revoked serial numbers of certificates that they have revoked
   */
  use(pem: string, revoked: ReadonlySet<string>): void {
    const isNoStricter = pem === this.#pem && revoked.isSubsetOf(this.#revoked);
    this.#pem = pem;
    this.#revoked = revoked;
    if (isNoStricter) return;
    this.#all = pemBlocks(pem, 'CERTIFICATE').map((each) => new X509Certificate(each));
    for (const socket of this.#connections) {
      if (!this.#believes(socket.getPeerX509Certificate())) socket.destroy();
    }
  }

  /** The chain was valid at the handshake: only whether it still ends at one of ours, unrevoked, may have changed. */
  #believes(leaf: X509Certificate | undefined): boolean {
    let certificate = leaf;
    for (let depth = 0; depth < DEEPEST && certificate !== undefined; depth++) {
      if (this.#revoked.has(certificate.serialNumber)) return false;
      if (this.#all.some((authority) => isOf(certificate as X509Certificate, authority))) return true;
      certificate = certificate.issuerCertificate;
    }
    return false;
  }
}

const isOf = (certificate: X509Certificate, authority: X509Certificate): boolean =>
  certificate.fingerprint256 === authority.fingerprint256 ||
  (certificate.checkIssued(authority) && certificate.verify(authority.publicKey));
