import { randomUUID } from 'node:crypto';
import type { AnswerCache, CachedAnswer } from '../../src/contracts/cache.ts';
import type { PolicyPorts, UpstreamRequest } from '../../src/contracts/policy.ts';
import { ageOf, type Defaults, lifetimeOf } from './freshness.ts';
import { changeKey, variantKey } from './keys.ts';

/** A stored answer, and where it was found. */
export interface Found {
  key: string;
  /** Undefined: nothing is kept under the key. */
  answer: CachedAnswer | undefined;
  /** The address's, for what is asked from now on. */
  mark: string;
}

/** What an answer is looked up for. */
export interface Lookup {
  readonly request: UpstreamRequest;
  /** The key of all its variants. */
  readonly primary: string;
}

/** A stale answer with a validator is worth keeping: confirmed, it saves its body's way. */
const KEPT_TO_REVALIDATE_MS = 10 * 60_000;
/** Nothing is kept for longer, so that a mark of a change outlives every answer that it makes wrong. */
const LONGEST_KEPT_MS = 24 * 3_600_000;

/** The answers that a route keeps, among their variants. A cache whose store is down is no cache; the request goes on. */
export class RouteAnswers {
  readonly #answers: AnswerCache;
  readonly #defaults: Defaults;
  readonly #ports: Pick<PolicyPorts, 'degraded' | 'now'>;

  constructor(answers: AnswerCache, defaults: Defaults, ports: Pick<PolicyPorts, 'degraded' | 'now'>) {
    this.#answers = answers;
    this.#defaults = defaults;
    this.#ports = ports;
  }

  async find({ primary, request }: Lookup): Promise<Found> {
    const [said, first] = await Promise.all([
      this.#tried(() => this.#answers.mark(changeKey(request))),
      this.get(primary),
    ]);
    // Where the store does not say, one that nothing has.
    const mark = said ?? randomUUID();
    const current = (answer: CachedAnswer | undefined): CachedAnswer | undefined =>
      (answer?.mark ?? '') === mark ? answer : undefined;
    if (!first || first.varies.length === 0) return { key: primary, answer: current(first), mark };
    const key = variantKey(primary, request.headers, first.varies);
    return { key, answer: current(await this.get(key)), mark };
  }

  get(key: string): Promise<CachedAnswer | undefined> {
    return this.#tried(() => this.#answers.get(key));
  }

  /** For as long as it may be of use. */
  put(key: string, answer: CachedAnswer): Promise<void> {
    return this.#put(key, { ...answer, varies: [] });
  }

  /** Under the key that its Vary makes of the request that it answers. */
  async putAmongVariants({ primary, request }: Lookup, answer: CachedAnswer): Promise<void> {
    const { varies } = answer;
    const key = varies.length === 0 ? primary : variantKey(primary, request.headers, varies);
    await this.put(key, answer);
    // A signpost, so that the next request knows which headers to look at.
    if (key !== primary) await this.#put(primary, { ...answer, body: Buffer.alloc(0) });
  }

  async delete(key: string): Promise<void> {
    await this.#tried(() => this.#answers.delete(key));
  }

  /** What is kept under a URL has become wrong (RFC 9111 section 4.4). */
  async changed(request: Pick<UpstreamRequest, 'headers' | 'path'>): Promise<void> {
    await this.#tried(() => this.#answers.changed(changeKey(request), LONGEST_KEPT_MS));
  }

  async #put(key: string, answer: CachedAnswer): Promise<void> {
    const { headers, receivedAt } = answer;
    const { freshMs, revalidateMs, ifErrorMs } = lifetimeOf(headers, receivedAt, this.#defaults);
    const useful = Math.max(freshMs, revalidateMs, ifErrorMs);
    const hasValidator = headers.etag !== undefined || headers['last-modified'] !== undefined;
    const left = useful - ageOf(answer, this.#ports.now()) + (hasValidator ? KEPT_TO_REVALIDATE_MS : 0);
    if (left <= 0) return;
    await this.#tried(() => this.#answers.put(key, answer, Math.min(left, LONGEST_KEPT_MS)));
  }

  async #tried<T>(work: () => T | Promise<T>): Promise<T | undefined> {
    try {
      return await work();
    } catch (error) {
      this.#ports.degraded('fail_open', error as Error);
      return undefined;
    }
  }
}
