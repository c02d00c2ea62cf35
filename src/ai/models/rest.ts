import type { OnStateChange } from '../../contracts/state-change.ts';

/** Why a target or a key is left alone for a while. */
export type RestReason = 'rate_limited' | 'quota_spent' | 'auth_failed' | 'down';

/** What a timer of Node can wait for: 24 days. */
const LONGEST_MS = 2 ** 31 - 1;

/** Whether something of a provider (a deployment, a key) is left alone for a while, and why. It outlives generations. */
export class Rest {
  readonly #subject: string;
  readonly #onChange: OnStateChange;
  #timer: NodeJS.Timeout | undefined;
  #reason: RestReason | '' = '';
  #since = 0;
  #until = 0;

  constructor(subject: string, onChange: OnStateChange) {
    this.#subject = subject;
    this.#onChange = onChange;
  }

  /** '' while it does not rest. */
  get reason(): RestReason | '' {
    return this.#reason;
  }

  /** When it is over: monotonic milliseconds; 0 while it does not rest. */
  get until(): number {
    return this.#until;
  }

  /**
   * Leaves it alone; one that rests already rests for as long as the longer of the two.
   * @param now milliseconds, monotonic
   */
  begin(reason: RestReason, ms: number, now: number): void {
    const until = now + ms;
    if (ms <= 0) return;
    this.#since = now;
    if (until <= this.#until) return;
    clearTimeout(this.#timer);
    this.#until = until;
    this.#timer = setTimeout(() => this.end('its time is over'), Math.min(ms, LONGEST_MS)).unref();
    this.#tell(reason, reason);
  }

  /**
   * It answers.
   * @param since when it was asked: what it could do before it was last told to rest says nothing of now
   */
  answered(since: number): void {
    if (since >= this.#since) this.end('it answers again');
  }

  /** @param why it may be asked again */
  end(why: string): void {
    if (this.#reason === '') return;
    clearTimeout(this.#timer);
    this.#until = 0;
    this.#tell('', why);
  }

  /** Nobody uses it any more: who was told that it rests is told that this is over. */
  close(): void {
    this.end('nobody uses it any more');
  }

  #tell(to: RestReason | '', why: string): void {
    const from = this.#reason;
    this.#reason = to;
    if (from === to) return;
    this.#onChange({
      at: Date.now(),
      kind: 'provider',
      subject: this.#subject,
      from: from || 'ready',
      to: to || 'ready',
      reason: why,
      by: 'gateway',
    });
  }
}
