import type { AiConfig } from '../../config/schema/index.ts';
import type { AnswerKeys } from './answer-keys.ts';
import type { Question } from './questions.ts';

/** How answers of a model are kept. */
export type CacheSettings = NonNullable<AiConfig['cache']>;

/** What a call that got no kept answer knows about keeping its own. */
export interface CacheWork {
  readonly settings: CacheSettings;
  readonly keys: AnswerKeys;
  /** Where like ones are found by meaning. */
  question: Question | undefined;
}
