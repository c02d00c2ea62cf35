import { CappedLabels } from '../../lib/capped-labels.ts';
import {
  Counter,
  DURATION_BUCKETS,
  Gauge,
  Histogram,
  type Registry,
  TOKEN_BUCKETS,
} from '../../telemetry/metrics.ts';
import { BANDS } from '../probes/report.ts';
import type { TurnMeasures } from './measure-turn.ts';

const SHARES = [0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1];
/** Models are the config's own; their number is not ours to choose. */
const MOST_MODELS = 500;
const MOST_PROBES = 100;

/** What the model context came to, as figures. */
export class MindMeters {
  readonly #models = new CappedLabels(MOST_MODELS);
  readonly #probes = new CappedLabels(MOST_PROBES);
  readonly #tokens;
  readonly #growth;
  readonly #recalled;
  readonly #quality;
  readonly #events;
  readonly #work;
  readonly #compactions;
  readonly #compacted;
  readonly #probeRecall;
  readonly #probeRuns;

  constructor(registry: Registry) {
    const registers = [registry];
    this.#tokens = new Histogram({
      name: 'gateway_context_prompt_tokens',
      help: 'Estimated tokens of the prompts of turns that belong to a session.',
      labelNames: ['model'],
      buckets: TOKEN_BUCKETS,
      registers,
    });
    this.#growth = new Histogram({
      name: 'gateway_context_growth_tokens',
      help: 'Estimated tokens by which turns have made what is remembered of their conversations longer.',
      labelNames: ['model'],
      buckets: TOKEN_BUCKETS,
      registers,
    });
    this.#recalled = new Histogram({
      name: 'gateway_context_recalled_tokens',
      help: 'Estimated tokens of the passages that were recalled into a prompt, of turns that had any.',
      labelNames: ['model'],
      buckets: TOKEN_BUCKETS,
      registers,
    });
    this.#quality = new Histogram({
      name: 'gateway_context_quality_ratio',
      help: 'How well context served turns: recall (needed facts that were in the prompt), usage (recalled passages that the answer used), relevance (likeness of what was included to what was asked).',
      labelNames: ['model', 'measure'],
      buckets: SHARES,
      registers,
    });
    this.#events = new Counter({
      name: 'gateway_context_turns_total',
      help: 'Turns of sessions, and those of them that re-asked (surely, or maybe), drew a complaint, or were of an unusual size.',
      labelNames: ['model', 'event'],
      registers,
    });
    this.#work = new Histogram({
      name: 'gateway_context_work_seconds',
      help: 'Time spent on context: recall on the request path, compaction and measures off it.',
      labelNames: ['work'],
      buckets: DURATION_BUCKETS,
      registers,
    });
    this.#compactions = new Counter({
      name: 'gateway_context_compactions_total',
      help: 'Compactions that were considered, by what came of them.',
      labelNames: ['outcome'],
      registers,
    });
    this.#compacted = new Counter({
      name: 'gateway_context_compacted_tokens_total',
      help: 'Estimated tokens of the remembered part of prompts, before and after their compaction.',
      labelNames: ['side'],
      registers,
    });
    this.#probeRecall = new Gauge({
      name: 'gateway_context_probe_recall_ratio',
      help: 'Share of planted facts that a probe’s last run got back, by how many turns lay between; `all` = all of them.',
      labelNames: ['probe', 'model', 'distance'],
      registers,
    });
    this.#probeRuns = new Counter({
      name: 'gateway_context_probe_runs_total',
      help: 'Runs of probes, by what came of them.',
      labelNames: ['probe', 'outcome'],
      registers,
    });
  }

  /** @param size estimated tokens of its prompt, of what was recalled into that, and of what the next ones have more by it */
  turn(
    model: string,
    size: { readonly tokens: number; readonly recalled: number; readonly growth: number },
    measures: TurnMeasures,
    isOutlier: boolean,
  ): void {
    const label = this.#models.value(model);
    this.#tokens.observe({ model: label }, size.tokens);
    this.#growth.observe({ model: label }, size.growth);
    if (size.recalled > 0) this.#recalled.observe({ model: label }, size.recalled);
    for (const measure of ['recall', 'usage', 'relevance'] as const)
      if (measures[measure] >= 0) this.#quality.observe({ model: label, measure }, measures[measure]);
    const count = (event: string): void => this.#events.inc({ model: label, event });
    count('turn');
    if (measures.reAsk === 'both') count('re_ask');
    if (measures.reAsk !== '') count('re_ask_maybe');
    if (measures.complaint) count('complaint');
    if (isOutlier) count('size_outlier');
  }

  worked(work: 'recall' | 'compact' | 'measure', milliseconds: number): void {
    this.#work.observe({ work }, milliseconds / 1000);
  }

  compaction(outcome: string): void {
    this.#compactions.inc({ outcome });
  }

  compacted(before: number, after: number): void {
    this.#compacted.inc({ side: 'before' }, before);
    this.#compacted.inc({ side: 'after' }, after);
  }

  probe(name: string, alias: string, outcome: string, recall: Readonly<Record<string, number>>): void {
    const [probe, model] = [this.#probes.value(name), this.#models.value(alias)];
    this.#probeRuns.inc({ probe, outcome });
    this.forgetProbe(name, alias);
    for (const [distance, share] of Object.entries(recall))
      this.#probeRecall.set({ probe, model, distance }, share);
  }

  /** What it got back before is not how it is now: it came to no end, another replica has run it, or the config has it no more. */
  forgetProbe(name: string, alias: string): void {
    const [probe, model] = [this.#probes.value(name), this.#models.value(alias)];
    for (const distance of BANDS) this.#probeRecall.remove({ probe, model, distance });
  }
}
