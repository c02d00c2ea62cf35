import type { AiFacts } from '../../contracts/exchange.ts';
import { Gauge, type Registry } from '../../telemetry/metrics.ts';
import { DriftSketch } from './drift-sketch.ts';
import {
  LANGUAGES,
  LENGTHS,
  languageOf,
  lengthBucket,
  TOPICS,
  topicBuckets,
  wordsOf,
} from './input-features.ts';

/** Models of which sketches are kept: 3 kB each. */
const MOST_MODELS = 500;

/** Requests that are looked at in one turn of the event loop, at some 5 microseconds each. */
const MOST_A_TURN = 8;

/** The call that it belongs to. */
export type Asked = Pick<AiFacts, 'model' | 'language'>;

/** A request as the sketches see it. */
export interface Input {
  /** Of the body. */
  readonly bytes: number;
  /** The beginning of what the user said last. */
  readonly sample: string;
}

/** Whether the requests of each model are still like those that it has always had: in length, language and topic. */
export class InputDrift {
  readonly #models = new Map<string, Record<'length' | 'language' | 'topic', DriftSketch>>();
  #waiting: [call: Asked, input: Input][] = [];

  constructor(registry: Registry) {
    const models = this.#models;
    new Gauge({
      name: 'gateway_ai_input_drift_ratio',
      help: 'How far a model’s latest requests are from its usual ones: 0 = alike, 1 = nothing in common.',
      labelNames: ['model', 'of'],
      aggregator: 'max',
      registers: [registry],
      collect() {
        for (const [model, sketches] of models)
          for (const [of, sketch] of Object.entries(sketches)) this.set({ model, of }, sketch.divergence);
      },
    });
  }

  /**
   * Looked at in the event loop's next turn, while the model is asked. Where many come in one, some do for all: it is a
   * sketch.
   * @param call is told its language then
   */
  observe(call: Asked, input: Input): void {
    if (this.#waiting.length >= MOST_A_TURN) return;
    if (this.#waiting.push([call, input]) > 1) return;
    setImmediate(() => {
      const waiting = this.#waiting;
      this.#waiting = [];
      for (const [asked, each] of waiting) this.#sketch(asked, each);
    });
  }

  #sketch(call: Asked, { bytes, sample }: Input): void {
    const { model } = call;
    let sketches = this.#models.get(model);
    if (!sketches) {
      if (this.#models.size >= MOST_MODELS) return;
      sketches = {
        length: new DriftSketch(LENGTHS),
        language: new DriftSketch(LANGUAGES.length),
        topic: new DriftSketch(TOPICS),
      };
      this.#models.set(model, sketches);
    }
    sketches.length.add(lengthBucket(bytes));
    if (sample === '') return;
    const words = wordsOf(sample);
    call.language = languageOf(sample, words);
    sketches.language.add(LANGUAGES.indexOf(call.language));
    for (const bucket of topicBuckets(words)) sketches.topic.add(bucket);
  }
}
