import type { CappedLabels } from '../lib/capped-labels.ts';
import { Counter, Gauge, type Registry } from '../telemetry/metrics.ts';

/** Something that runs out, at milliseconds since the epoch. */
interface Expiring {
  readonly name: string;
  readonly expiresAt: number;
}

/** TLS of the public listener. */
export class TlsMeters {
  readonly #handshakeFailures;
  readonly #certificates: { all: readonly Expiring[] } = { all: [] };
  readonly #reasons: CappedLabels;

  constructor(registry: Registry, reasons: CappedLabels) {
    this.#reasons = reasons;
    const registers = [registry];
    this.#handshakeFailures = new Counter({
      name: 'gateway_tls_handshake_failures_total',
      help: 'Connections that did not get through the TLS handshake, by OpenSSL’s or Node’s code.',
      labelNames: ['reason'],
      registers,
    });
    const certificates = this.#certificates;
    new Gauge({
      name: 'gateway_certificate_expiry_seconds',
      help: 'Seconds until a certificate of the public listener runs out; below 0 since it has.',
      labelNames: ['name'],
      aggregator: 'min',
      registers,
      collect() {
        this.reset();
        for (const { name, expiresAt } of certificates.all)
          this.set({ name }, (expiresAt - Date.now()) / 1000);
      },
    });
  }

  handshakeFailed(code: string): void {
    this.#handshakeFailures.inc({ reason: this.#reasons.value(code) });
  }

  /** The certificates that serve, from now on. */
  useCertificates(all: readonly Expiring[]): void {
    this.#certificates.all = all;
  }
}
