import type { GatewayConfig } from '../../config/schema/index.ts';
import type { Documents } from '../../contracts/store.ts';
import type { Action, Finding } from '../findings/finding.ts';
import { isProvable } from '../verification/provable.ts';
import { BY_ACTION } from './apply.ts';

const COLLECTION = 'hypercare-automatic';
const HOUR_MS = 3_600_000;
const CONFIDENCE = 0.9;
/** Share of all traffic that may be touched without asking. */
const MOST_TRAFFIC = 0.25;

export type AutoSettings = GatewayConfig['hypercare']['autoActions'];

export interface GuardFacts {
  readonly settings: AutoSettings;
  /** Share of all requests that the action touches, from 0 to 1; null: not known. */
  readonly touched: number | null;
  /** Automatic actions of the last hour. */
  readonly lastHour: number;
  /** Whether another one waits for its proof. */
  readonly isBusy: boolean;
}

/**
 * Why the action is not taken without asking; undefined: nothing speaks against it. All guards of the specification in
 * the order in which they are cheapest to explain.
 */
export function refusalOf(finding: Finding, action: Action, facts: GuardFacts): string | undefined {
  const { settings, touched, lastHour, isBusy } = facts;
  if (!settings.enabled) return 'the kill switch is off (autoActions.enabled)';
  if (!settings.allow.includes(action.kind)) return `${action.kind} is not allowed (autoActions.allow)`;
  if (finding.state !== 'open' && finding.state !== 'regressed') return `it is ${finding.state}`;
  if (action.status !== 'offered') return `it was ${action.status} before`;
  if (!action.dryRun.ok) return `the dry run says: ${action.dryRun.problem}`;
  if (!isProvable(finding.what)) return 'no request could prove that it helps';
  if (finding.isPartial) return 'a part of the replicas is not counted';
  if (finding.cause.confidence < CONFIDENCE)
    return `confidence ${finding.cause.confidence.toFixed(2)} is below ${CONFIDENCE}`;
  if (touched === null) return 'it is not known how much traffic it touches';
  if (touched > MOST_TRAFFIC)
    return `it touches ${Math.round(touched * 100)} % of the traffic, more than 25 %`;
  if (isChain(finding)) return 'its cause is an action itself: no chains';
  if (isBusy) return 'another automatic action waits for its proof';
  if (lastHour >= settings.maxPerHour)
    return `${lastHour} in the last hour are as many as may be (maxPerHour)`;
  return undefined;
}

/** What began with an action of the gateway's own is for people. */
const isChain = ({ cause, actions }: Finding): boolean =>
  actions.some(({ applied }) => applied?.by === 'gateway') ||
  (cause.change?.by?.startsWith(BY_ACTION) ?? false);

export interface TakenActions {
  /** When each of the last hour was taken. */
  readonly at: readonly number[];
  /** Of the record that says so. */
  readonly version: number;
}

/** When automatic actions were taken, for all replicas. */
export class AutomaticRecord {
  readonly #documents: Documents;

  constructor(documents: Documents) {
    this.#documents = documents;
  }

  /** @throws StoreUnavailable */
  async read(now: number): Promise<TakenActions> {
    const found = await this.#documents.get<{ at: number[] }>(COLLECTION, COLLECTION);
    const at = (found?.value.at ?? []).filter((each) => each > now - HOUR_MS);
    return { at, version: found?.version ?? 0 };
  }

  /** Takes one more of the hour's. @returns false: another was taken since it was read. @throws StoreUnavailable */
  async take(now: number, { at, version }: TakenActions): Promise<boolean> {
    const value = { at: [...at, now] };
    return (await this.#documents.put(COLLECTION, COLLECTION, value, { ifVersion: version })).ok;
  }
}
