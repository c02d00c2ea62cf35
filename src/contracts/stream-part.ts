import type { Vector } from './embeddings.ts';
import type { JsonObject, Maker } from './model-request.ts';
import type { Usage } from './usage.ts';

/** Why a model stopped, in one word for all providers; one that we don't know goes by the provider's own. */
export type FinishReason =
  | 'stop'
  | 'stop_sequence'
  | 'length'
  | 'tool_calls'
  | 'content_filter'
  | 'refusal'
  | 'pause'
  | (string & {});

export interface Citation {
  readonly url?: string;
  readonly title?: string;
  /** What is cited. */
  readonly text?: string;
  /** Characters of the answer's text that it stands for. */
  readonly start?: number;
  readonly end?: number;
  /** In Anthropic's words, with all that it says: a place in what the client sent, and not on the web. */
  readonly place?: JsonObject;
}

/** A token and how likely it was, with its likeliest rivals: OpenAI's own form, which others report in too. */
export interface TokenLogprob {
  readonly token: string;
  readonly logprob: number;
  readonly bytes?: readonly number[] | null;
  readonly top_logprobs?: readonly { readonly token: string; readonly logprob: number }[];
}

/** Which of several answers (`n`) a part is of; absent: the first. */
interface OfChoice {
  readonly choice?: number;
}

/** The provider says that it failed; nothing of worth follows. */
export interface FailedPart {
  readonly type: 'error';
  readonly message: string;
  /** 401, 402, 403, 429 or above 499: as the provider would have refused before it began. Absent: it does not say. */
  readonly status?: number;
  /** It says that the gateway's account is spent. */
  readonly quotaSpent?: boolean;
  /** Milliseconds for which it asks to be left alone. */
  readonly retryAfterMs?: number;
}

/**
 * A piece of an answer, in the order in which it came. An answer that is not streamed is the same pieces, larger. Text
 * and reasoning come as what is added; tool calls are numbered within their answer and may overlap.
 */
export type StreamPart =
  | { readonly type: 'start'; readonly id: string; readonly model: string }
  | ({ readonly type: 'text'; readonly text: string } & OfChoice)
  | ({ readonly type: 'refusal'; readonly text: string } & OfChoice)
  | ({ readonly type: 'reasoning'; readonly text: string } & OfChoice)
  /** Ends the reasoning before it. */
  | ({
      readonly type: 'reasoning-signature';
      readonly signature: string;
      readonly maker?: Maker | undefined;
    } & OfChoice)
  /** Reasoning that only its maker can read. */
  | ({
      readonly type: 'reasoning-opaque';
      readonly data: string;
      readonly maker?: Maker | undefined;
    } & OfChoice)
  | ({
      readonly type: 'tool-call-start';
      readonly call: number;
      readonly id: string;
      readonly name: string;
      /** In the former words of OpenAI's chats (`function_call`): the only one, without an id. */
      readonly isFormer?: boolean;
    } & OfChoice)
  | ({ readonly type: 'tool-call-arguments'; readonly call: number; readonly text: string } & OfChoice)
  /** A picture that was made, in base64. */
  | ({ readonly type: 'image'; readonly mediaType: string; readonly data: string } & OfChoice)
  | ({ readonly type: 'citation'; readonly citation: Citation } & OfChoice)
  | ({
      readonly type: 'logprobs';
      readonly tokens: readonly TokenLogprob[];
      /** Of what the model refused with, and not of its text. */
      readonly isRefusal?: boolean;
    } & OfChoice)
  /** One of several answers has begun: nothing of it may ever follow. */
  | ({ readonly type: 'choice-start' } & OfChoice)
  /** All that is known so far; a later one takes the place of an earlier. */
  | {
      readonly type: 'usage';
      readonly usage: Usage;
      /** What the answer comes to is not in it: it has only begun, or tells by the way how much it heard. */
      readonly isEarly?: boolean;
    }
  | { readonly type: 'service-tier'; readonly tier: string }
  | ({
      readonly type: 'finish';
      readonly reason: FinishReason;
      /** The one that was met. */
      readonly stopSequence?: string;
    } & OfChoice)
  /** The vector of one of the inputs. */
  | { readonly type: 'embedding'; readonly index: number; readonly vector: Vector }
  /** What follows is of an item that its provider knows by this id. */
  | { readonly type: 'item-start'; readonly id: string }
  /** Something that is no text: images, scores, sound; or whose form nobody here knows. */
  | {
      readonly type: 'item';
      /** What of it may be words of a model, to estimate its tokens by. */
      readonly words?: string;
    }
  | FailedPart
  /** The provider says that nothing follows. */
  | { readonly type: 'end' };
