import type { AiConfig } from '../../config/schema/index.ts';
import type { Question } from './questions.ts';

/** How answers of a model are kept. */
export type CacheSettings = NonNullable<AiConfig['cache']>;

/** Under what an answer is kept. */
export interface AnswerKeys {
  /** Calls with the same one may get the same answer. */
  readonly exact: string;
  /** Calls with the same one differ in nothing but what the user said last; undefined where that is no plain text. */
  readonly like: string | undefined;
  /** What the user said last. */
  readonly question: string;
  /** `provider/model@version` of who may answer. */
  readonly behind: readonly string[];
  /** `stream_options`, which change a stream's bytes and not its answer. */
  readonly streamOptions: string;
}

/** What a call that got no kept answer knows about keeping its own. */
export interface CacheWork {
  readonly settings: CacheSettings;
  readonly keys: AnswerKeys;
  /** Where like ones are found by meaning. */
  question: Question | undefined;
}
