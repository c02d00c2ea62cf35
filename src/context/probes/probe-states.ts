import type { OnStateChange } from '../../contracts/state-change.ts';
import { type ProbeReport, skippedText } from './report.ts';

/**
 * How each probe's last run came out, told when it is another way than the one before: the first that this process has run,
 * too, as another one may have told of the probe before.
 */
export class ProbeStates {
  readonly #onChange: OnStateChange;
  readonly #last = new Map<string, string>();

  constructor(onChange: OnStateChange) {
    this.#onChange = onChange;
  }

  /** As many as the config has probes and models. */
  take(report: ProbeReport): void {
    const { probe, model, at, outcome, recall, faults } = report;
    const subject = `${model} ${probe}`;
    const from = this.#last.get(subject) ?? '';
    this.#last.set(subject, outcome);
    if (outcome === from) return;
    const [fault] = faults;
    const share = recall < 0 ? 'nothing was asked' : `${Math.round(100 * recall)} % of the facts came back`;
    const parts = [share, fault && `step ${fault.step}: ${fault.what}`, skippedText(report)];
    const reason = parts.filter(Boolean).join('; ');
    this.#onChange({ at, kind: 'probe', subject, from, to: outcome, reason, by: 'gateway' });
  }
}
