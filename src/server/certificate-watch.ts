import type { OnStateChange } from '../contracts/state-change.ts';
import type { ServerCertificate, ServerCertificates } from './server-certificates.ts';

/** Milliseconds before its end at which a certificate is said to be near it. */
const NEAR_END_MS = 14 * 24 * 3600_000;
const CHECK_EVERY_MS = 3600_000;

type Standing = 'valid' | 'expiring' | 'expired';

interface Known {
  readonly certificate: ServerCertificate;
  standing: Standing;
}

export interface CertificateWatchPorts {
  onChange: OnStateChange;
  /** Milliseconds since the epoch. */
  now(): number;
}

/** Says which certificates of the listener are new, and which come near their end: each once. */
export class CertificateWatch {
  readonly #ports: CertificateWatchPorts;
  readonly #known = new Map<string, Known>();
  readonly #checking: NodeJS.Timeout;

  constructor(ports: CertificateWatchPorts) {
    this.#ports = ports;
    this.#checking = setInterval(() => this.check(), CHECK_EVERY_MS);
    this.#checking.unref();
  }

  /** These serve from now on. */
  use({ all }: ServerCertificates): void {
    const names = new Set(all.map(({ name }) => name));
    for (const name of this.#known.keys()) {
      if (!names.has(name)) this.#known.delete(name);
    }
    for (const certificate of all) {
      const before = this.#known.get(certificate.name)?.certificate;
      if (before?.fingerprint === certificate.fingerprint) continue;
      this.#known.set(certificate.name, { certificate, standing: 'valid' });
      if (before) this.#say(certificate, short(before), short(certificate), 'replaced');
    }
    this.check();
  }

  check(): void {
    for (const known of this.#known.values()) {
      const { certificate, standing } = known;
      known.standing = standingOf(certificate, this.#ports.now());
      if (known.standing === standing) continue;
      const end = new Date(certificate.expiresAt).toISOString();
      this.#say(certificate, standing, known.standing, `its last moment is ${end}`);
    }
  }

  close(): void {
    clearInterval(this.#checking);
  }

  #say({ name }: ServerCertificate, from: string, to: string, reason: string): void {
    const at = this.#ports.now();
    this.#ports.onChange({ at, kind: 'certificate', subject: name, from, to, reason, by: 'gateway' });
  }
}

const short = ({ fingerprint }: ServerCertificate): string => fingerprint.slice(0, 16);

function standingOf({ expiresAt }: ServerCertificate, now: number): Standing {
  if (now > expiresAt) return 'expired';
  return now > expiresAt - NEAR_END_MS ? 'expiring' : 'valid';
}
