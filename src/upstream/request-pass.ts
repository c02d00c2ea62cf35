import type { BreakerPass } from './breaker.ts';

/**
 * An attempt's share in its request's leave. A breaker judges what callers got of an upstream: of attempts that another
 * one made good it hears nothing; those are for the targets' own record. What the attempt tells waits until it `counts`.
 */
export class RequestPass implements BreakerPass {
  readonly #whole: BreakerPass;
  #counts = false;
  #hasBegun = false;
  #hasBroken = false;
  #ended: { ok: boolean | undefined } | undefined;

  constructor(whole: BreakerPass) {
    this.#whole = whole;
  }

  get isProbe(): boolean {
    return this.#whole.isProbe;
  }

  begun(): void {
    if (this.#counts) this.#whole.begun();
    else this.#hasBegun = true;
  }

  end(ok: boolean | undefined): void {
    if (this.#counts) this.#whole.end(ok);
    else this.#ended ??= { ok };
  }

  broke(): void {
    if (this.#counts) this.#whole.broke();
    else this.#hasBroken = true;
  }

  counts(): void {
    if (this.#counts) return;
    this.#counts = true;
    if (this.#hasBegun) this.#whole.begun();
    if (this.#ended) this.#whole.end(this.#ended.ok);
    if (this.#hasBroken) this.#whole.broke();
  }
}
