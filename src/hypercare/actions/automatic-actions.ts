import type { Engine } from '../../contracts/engine.ts';
import type { Documents } from '../../contracts/store.ts';
import type { FindingBook } from '../findings/book.ts';
import { type Finding, isOver } from '../findings/finding.ts';
import { noted } from '../findings/life.ts';
import type { Applier } from './apply.ts';
import { AutomaticRecord, type AutoSettings, refusalOf } from './automatic.ts';

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

  constructor(ports: AutomaticPorts) {
    this.#ports = ports;
    this.#record = new AutomaticRecord(ports.documents);
  }

  /** Acts on a finding, if it may. @throws StoreUnavailable */
  async consider(finding: Finding): Promise<void> {
    const { book, applier, now, settings } = this.#ports;
    const set = settings();
    const action = finding.actions.find(({ dryRun, status }) => dryRun.ok && status === 'offered');
    if (!action || !set.enabled || !set.allow.includes(action.kind)) return;
    if (set.dryRun && finding.history.some(({ what }) => what === WOULD)) return;
    const facts = {
      settings: set,
      share: await this.#shareOf(finding),
      lastHour: await this.#record.lastHour(now()),
      isBusy: (await book.all()).some(isWaiting),
    };
    if (refusalOf(finding, action, facts) !== undefined) return;
    if (set.dryRun) {
      const note = `${action.title} (autoActions.dryRun)`;
      await book.change(finding.id, (known) => noted(known, { at: now(), by: 'gateway', what: WOULD, note }));
      return;
    }
    if (!(await this.#record.take(now(), set.maxPerHour))) return;
    const canary = action.canary !== null;
    await applier.apply(finding.id, action.n, { by: 'gateway', automatic: true, canary });
  }

  /** Takes back what was done without asking and is not proven by now. @throws StoreUnavailable */
  async endDue(findings: readonly Finding[]): Promise<void> {
    const { applier, now } = this.#ports;
    for (const finding of findings) {
      for (const { n, status, applied } of finding.actions) {
        if (applied?.endsAt == null || applied.endsAt > now() || isOver(finding)) continue;
        if (status === 'applied' || status === 'canary')
          await applier.revert(
            finding.id,
            n,
            { by: 'gateway' },
            'not proven in time: an automatic action ends by itself',
          );
      }
    }
  }

  /** Of all requests, those that go through the place. Null: not known. */
  async #shareOf({ where }: Finding): Promise<number | null> {
    const { queries } = this.#ports.engine;
    const all = (await queries.figures({})).requests;
    if (all === 0) return null;
    const parts = await Promise.all(
      where.scopes.map(async (scope) => {
        // The engine keeps figures of single values: the rarest of them bounds the place.
        const values = await Promise.all(
          Object.entries(scope).map(
            async ([dimension, value]) => (await queries.figures({ [dimension]: value })).requests,
          ),
        );
        return values.length === 0 ? all : Math.min(...values);
      }),
    );
    const inside = parts.length === 0 ? all : parts.reduce((sum, part) => sum + part, 0);
    return Math.min(1, inside / all);
  }
}

const isWaiting = ({ actions, state }: Finding): boolean =>
  (state === 'acting' || state === 'verifying') &&
  actions.some(({ applied, status }) => applied?.endsAt != null && status !== 'reverted');
