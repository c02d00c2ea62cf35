import type { Engine } from '../../contracts/engine.ts';
import { type Documents, StoreUnavailable } from '../../contracts/store.ts';
import type { FindingBook } from '../findings/book.ts';
import { type Action, type Finding, isInForce, isOver } from '../findings/finding.ts';
import { noted } from '../findings/life.ts';
import { triedAgain } from './again.ts';
import type { Applier } from './apply.ts';
import { AutomaticRecord, type AutoSettings, refusalOf } from './automatic.ts';
import { isStale } from './problem.ts';

export interface AutomaticPorts {
  readonly documents: Documents;
  readonly book: FindingBook;
  readonly applier: Applier;
  readonly engine: Pick<Engine, 'queries'>;
  now(): number;
  settings(): AutoSettings;
}

const WOULD = 'would have acted';

/** Acts without asking, where all guards agree; and ends what was not proven in time. The leader's work. */
export class AutomaticActions {
  readonly #ports: AutomaticPorts;
  readonly #record: AutomaticRecord;
  #turns: Promise<unknown> = Promise.resolve();

  constructor(ports: AutomaticPorts) {
    this.#ports = ports;
    this.#record = new AutomaticRecord(ports.documents);
  }

  /**
   * Acts on a finding, if it may: one at a time, so that each sees what the one before has done.
   * @throws StoreUnavailable, and as `Applier.apply`
   */
  async consider(listed: Finding): Promise<void> {
    if (!this.#offerOf(listed)) return;
    const turn = this.#turns.then(() => this.#consider(listed));
    this.#turns = turn.catch(() => undefined);
    await turn;
  }

  async #consider(listed: Finding): Promise<void> {
    const { book, applier, now, settings } = this.#ports;
    const taken = await this.#record.read(now());
    const all = await book.all();
    // Somebody may have acted on it since it was listed.
    const finding = all.find(({ id }) => id === listed.id) ?? listed;
    const action = this.#offerOf(finding);
    if (!action) return;
    const facts = {
      settings: settings(),
      touched: await this.#touchedBy(action),
      lastHour: taken.at.length,
      isBusy: all.some(isWaiting),
    };
    if (refusalOf(finding, action, facts) !== undefined) return;
    if (facts.settings.dryRun) {
      const note = `${action.title} (autoActions.dryRun)`;
      await book.change(finding.id, (known) => noted(known, { at: now(), by: 'gateway', what: WOULD, note }));
      return;
    }
    if (!(await this.#record.take(now(), taken))) return;
    const canary = action.canary !== null;
    const { state: expects } = finding;
    await applier.apply(finding.id, action.n, { by: 'gateway', automatic: true, canary, expects });
  }

  /** What is offered first, if it may be done without asking at all. */
  #offerOf({ actions, history }: Finding): Action | undefined {
    const { enabled, allow, dryRun } = this.#ports.settings();
    if (!enabled || (dryRun && history.some(({ what }) => what === WOULD))) return undefined;
    const action = actions.find((each) => each.dryRun.ok && each.status === 'offered');
    return action && allow.includes(action.kind) ? action : undefined;
  }

  /**
   * Takes back what was done without asking and is not proven by now, and what did not help and could not be taken back then.
   * What can't be taken back at the moment is tried again.
   * @throws StoreUnavailable; else, once all were tried, why the first could not be taken back
   */
  async endDue(findings: readonly Finding[]): Promise<void> {
    const { applier, book, now } = this.#ports;
    const failed: unknown[] = [];
    for (const finding of findings) {
      for (const { n, applied } of finding.actions.filter(isInForce)) {
        if (applied?.endsAt == null || applied.endsAt > now() || isOver(finding)) continue;
        try {
          const isNone = finding.verification?.state === 'not-fixed';
          const why = isNone ? 'it did not help' : 'not proven in time: an automatic action ends by itself';
          await applier.revert(finding.id, n, { by: 'gateway' }, why);
        } catch (error) {
          if (error instanceof StoreUnavailable) throw error;
          if (!isStale(error)) failed.push(error);
          await book.change(finding.id, (known) => triedAgain(known, n, now(), isStale(error)));
        }
      }
    }
    if (failed.length > 0) throw failed[0];
  }

  /** Share of all requests that it touches, wherever the finding is. Null: not known. */
  async #touchedBy({ touches }: Action): Promise<number | null> {
    const { queries } = this.#ports.engine;
    const all = (await queries.figures({})).requests;
    if (all === 0 || touches === undefined) return null;
    const parts = await Promise.all(
      touches.map(async ({ scope, part }) => {
        // The engine keeps figures of single values: the rarest of them bounds the place.
        const values = await Promise.all(
          Object.entries(scope).map(
            async ([dimension, value]) => (await queries.figures({ [dimension]: value })).requests,
          ),
        );
        return part * Math.min(all, ...values);
      }),
    );
    return Math.min(1, parts.reduce((sum, part) => sum + part, 0) / all);
  }
}

const isWaiting = ({ actions, state }: Finding): boolean =>
  (state === 'acting' || state === 'verifying') &&
  actions.some(
    ({ applied, begun, status }) => begun?.isAutomatic || (applied?.endsAt != null && status !== 'reverted'),
  );
