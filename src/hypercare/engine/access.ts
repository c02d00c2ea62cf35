import type { Cause } from '../../contracts/finding.ts';
import { HyperLogLog } from '../../lib/hyperloglog.ts';
import { DIMENSIONS } from '../../record/signals/layout.ts';
import { countZ } from '../detectors/proportions.ts';
import type { Counts } from '../signals/counts.ts';
import { KINDS } from '../signals/leaves.ts';
import type { Crowd } from './crowds.ts';
import type { Intake } from './intake.ts';
import { HOUR, MINUTE } from './settings.ts';
import type { Suspicion } from './suspicion.ts';

const CONSUMER = DIMENSIONS.indexOf('consumer');
/** How unusual a count must be, and how many times what is usual. */
const LEAST_Z = 5;
const LEAST_RATIO = 3;
/** Addresses of one key that are not yet many. */
const FEW_ADDRESSES = 5;
/** Minutes of a consumer's habits that must be known. */
const ENOUGH_MINUTES = 8;
const DECAY = 2 ** (-MINUTE / HOUR);
/** Consumers whose habits are kept. */
const MOST = 4000;
/** Of all denials, what one address or consumer must have for it to be the one. */
const HEAVY = 0.8;

interface Habits {
  minutes: number;
  requests: number;
  addresses: number;
  weight: number;
}

/** Keys that are used as they never were: many more requests from many more addresses. */
export class KeyUse {
  readonly #ticks: ReadonlyMap<number, Crowd>[] = [];
  readonly #habits = new Map<number, Habits>();
  readonly #suspectedSince = new Map<number, number>();

  /** A tick is over. @param isFrozen whether a consumer's place is spoken for, so that its use is not usual */
  step(intake: Intake, tick: number, isFrozen: (consumer: number) => boolean): void {
    this.#ticks.push(intake.crowds.take());
    if (this.#ticks.length > MINUTE) this.#ticks.shift();
    if (tick % MINUTE !== MINUTE - 1) return;
    for (const [consumer, { requests, addresses }] of this.#lastMinute()) {
      if (isFrozen(consumer) || this.#suspectedSince.has(consumer)) continue;
      let habits = this.#habits.get(consumer);
      if (!habits) {
        if (this.#habits.size >= MOST) continue;
        habits = { minutes: 0, requests: 0, addresses: 0, weight: 0 };
        this.#habits.set(consumer, habits);
      }
      habits.minutes++;
      habits.weight = habits.weight * DECAY + 1;
      habits.requests += (requests - habits.requests) / habits.weight;
      habits.addresses += (addresses.count - habits.addresses) / habits.weight;
    }
  }

  suspicions(counts: Counts): Suspicion[] {
    const found: Suspicion[] = [];
    const seen = new Set<number>();
    for (const [consumer, { requests, addresses }] of this.#lastMinute()) {
      const habits = this.#habits.get(consumer);
      if (!habits || habits.minutes < ENOUGH_MINUTES) continue;
      const z = countZ(requests, habits.requests);
      const many = Math.max(FEW_ADDRESSES, LEAST_RATIO * habits.addresses);
      if (requests < LEAST_RATIO * habits.requests || z < LEAST_Z || addresses.count < many) continue;
      seen.add(consumer);
      const since =
        this.#suspectedSince.get(consumer) ?? counts.tick - this.#ticksAbove(consumer, habits) + 1;
      this.#suspectedSince.set(consumer, since);
      const name = counts.dictionary.name(CONSUMER, consumer);
      const words = `${name}’s key is used from ${addresses.count} addresses (usually ${habits.addresses.toFixed(0)}) for ${requests} requests a minute (usually ${habits.requests.toFixed(0)})`;
      found.push({
        detector: 'access',
        signal: 'access',
        reason: 'key_abused',
        category: 'security',
        family: 'access',
        rank: 1,
        labels: ['key-abuse'],
        parties: 1,
        mark: undefined,
        kind: KINDS.request,
        places: [[{ dimension: CONSUMER, value: consumer }]],
        share: 1,
        since,
        bad: requests,
        total: requests,
        expected: habits.requests,
        statistic: z,
        threshold: LEAST_Z,
        baseline: 'recent',
        sentence: `${words}.`,
        measured: {
          signal: 'access',
          unit: 'count',
          observed: requests,
          expected: habits.requests,
          ratio: habits.requests > 0 ? requests / habits.requests : null,
          interval: [requests - 2 * Math.sqrt(requests), requests + 2 * Math.sqrt(requests)],
        },
        cause: {
          kind: 'key',
          sentence: `${words}: it has leaked, or is abused.`,
          confidence: 0.8,
          change: null,
        },
        severity: 'high',
      });
    }
    for (const consumer of this.#suspectedSince.keys())
      if (!seen.has(consumer)) this.#suspectedSince.delete(consumer);
    return found;
  }

  /** The last ticks in a row with twice the usual requests. */
  #ticksAbove(consumer: number, habits: Habits): number {
    const first = this.#ticks.findLastIndex(
      (crowds) => (crowds.get(consumer)?.requests ?? 0) < (2 * habits.requests) / MINUTE,
    );
    return this.#ticks.length - 1 - first;
  }

  #lastMinute(): Map<number, Crowd> {
    const all = new Map<number, Crowd>();
    for (const crowds of this.#ticks) {
      for (const [consumer, { requests, addresses }] of crowds) {
        let crowd = all.get(consumer);
        if (!crowd) {
          crowd = { requests: 0, own: 0, addresses: new HyperLogLog() };
          all.set(consumer, crowd);
        }
        crowd.requests += requests;
        crowd.addresses.merge(addresses);
      }
    }
    return all;
  }
}

/** Who is behind denials that rose: one client that is set up wrongly, a limit that is too low, or somebody who tries keys. */
export function readDenials(
  counts: Counts,
  suspicion: Suspicion,
): Pick<Suspicion, 'category' | 'reason'> & { cause: Cause } {
  const { mark, since, reason } = suspicion;
  const byClient = new Map<number, number>();
  const byConsumer = new Map<number, number>();
  let all = 0;
  for (const event of counts.events.since(since)) {
    if (event.mark !== mark?.id) continue;
    all++;
    byClient.set(event.client, (byClient.get(event.client) ?? 0) + 1);
    const consumer = counts.leaves.value(event.leaf, CONSUMER);
    byConsumer.set(consumer, (byConsumer.get(consumer) ?? 0) + 1);
  }
  const heaviest = (of: Map<number, number>): number => Math.max(0, ...of.values()) / Math.max(1, all);
  const say = (
    kind: Cause['kind'],
    category: Suspicion['category'],
    sentence: string,
    confidence: number,
  ): Pick<Suspicion, 'category' | 'reason'> & { cause: Cause } => ({
    reason,
    category,
    cause: { kind, sentence, confidence, change: null },
  });
  const isLimit = reason === 'rate_limited' || reason === 'budget_spent' || reason === 'upstream_429';
  if (isLimit && byConsumer.size > 1 && heaviest(byConsumer) < HEAVY)
    return say(
      'capacity',
      'usability',
      `${byConsumer.size} consumers run into a limit: it is too low.`,
      0.55,
    );
  if (isLimit) return say('client', 'user-error', 'One consumer asks for more than its limit allows.', 0.55);
  if (heaviest(byClient) >= HEAVY)
    return say('client', 'user-error', 'One client is denied over and over: it is set up wrongly.', 0.6);
  return say(
    'client',
    'security',
    `Denials come from ${byClient.size} addresses: keys are being tried, or many clients hold a key that is no longer good.`,
    0.4,
  );
}
