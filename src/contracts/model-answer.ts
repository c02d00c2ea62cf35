import type { Vector } from './embeddings.ts';
import type { Maker } from './model-request.ts';
import type { Citation, FinishReason, TokenLogprob } from './stream-part.ts';
import type { Usage } from './usage.ts';

export interface AnswerToolCall {
  readonly type: 'tool-call';
  readonly id: string;
  readonly name: string;
  /** JSON, as the model wrote it. */
  readonly arguments: string;
  /** See the part that begins it. */
  readonly isFormer?: boolean;
}

/** What an answer consists of, in the order in which it was generated. */
export type AnswerContent =
  | { readonly type: 'text'; readonly text: string; readonly citations: readonly Citation[] }
  | { readonly type: 'refusal'; readonly text: string }
  | {
      readonly type: 'reasoning';
      readonly text: string;
      /** '' if it is not signed. */
      readonly signature: string;
      readonly maker?: Maker | undefined;
    }
  | { readonly type: 'reasoning-opaque'; readonly data: string; readonly maker?: Maker | undefined }
  /** Base64. */
  | { readonly type: 'image'; readonly mediaType: string; readonly data: string }
  | AnswerToolCall;

export interface AnswerChoice {
  readonly content: readonly AnswerContent[];
  readonly logprobs: readonly TokenLogprob[];
  /** Of the refusals in it. */
  readonly refusalLogprobs: readonly TokenLogprob[];
  /** '' if none came. */
  readonly finishReason: FinishReason;
  readonly stopSequence: string;
}

/** The neutral form of a whole answer: its parts, put together. */
export interface ModelAnswer {
  readonly id: string;
  readonly model: string;
  /** At least one. */
  readonly choices: readonly AnswerChoice[];
  /** Of embeddings, in the order of the inputs. */
  readonly vectors: readonly Vector[];
  readonly usage: Usage | undefined;
  readonly serviceTier: string;
}
