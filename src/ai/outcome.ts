import type { Outcome } from '../contracts/exchange.ts';
import { BROKEN_OFF } from './broken-off.ts';

/** What is known of a call once it is over. */
export interface EndedCall {
  /** The exchange's reason: `ok`, or a code of the error table. */
  readonly reason: string;
  /** The status that the client was sent. */
  readonly status: number;
  /** A provider was asked. */
  readonly asked: boolean;
  /** Name of the fallback model that answered, '' if none. */
  readonly fallback: string;
  readonly byRules: boolean;
  /** A provider refused the prompt because of what it holds. */
  readonly isFiltered?: boolean;
  /** Undefined where no model has said anything. */
  readonly answer:
    | {
        readonly finishReason: string;
        /** Characters of text, reasoning, refusals and tool calls. */
        readonly characters: number;
        readonly refused: boolean;
        readonly malformedToolCall: boolean;
        readonly schemaFailed: boolean;
      }
    | undefined;
}

/** Finish reasons by which an answer was withheld, in the words of the vendors. */
const FILTERED: ReadonlySet<string> = new Set([
  'content_filter',
  'safety',
  'SAFETY',
  'RECITATION',
  'PROHIBITED_CONTENT',
]);
const TOO_LONG: ReadonlySet<string> = new Set(['length', 'max_tokens', 'MAX_TOKENS', 'max_output_tokens']);

/** Of the finish reasons of several choices the one that says what became of them all. */
export const worstFinish = (reasons: readonly string[]): string =>
  reasons.find((reason) => FILTERED.has(reason)) ??
  reasons.find((reason) => reason === 'refusal') ??
  reasons.find((reason) => TOO_LONG.has(reason)) ??
  reasons[0] ??
  '';

/**
 * The one name for how a call ended. What the client did comes first, then what went wrong on the way, then what is
 * wrong with the answer, and last who gave it: an answer that was cut is cut, whoever gave it.
 */
export function outcomeOf({
  reason,
  status,
  asked,
  fallback,
  byRules,
  isFiltered,
  answer,
}: EndedCall): Outcome {
  if (reason === 'client_cancelled') return 'client_cancelled';
  if (!asked && !byRules && !answer) return 'not_asked';
  if (BROKEN_OFF.has(reason)) return 'truncated';
  if (reason === 'provider_finish_missing') return 'no_finish_reason';
  if (reason === 'content_filtered' || isFiltered) return 'filtered';
  if (reason === 'answer_invalid') return 'schema_failed';
  if (!OF_PROVIDERS.test(reason)) return 'not_given';
  if (!answer || status >= 400 || UPSTREAM.has(reason)) return upstreamOutcome(reason);
  if (FILTERED.has(answer.finishReason)) return 'filtered';
  if (answer.refused || answer.finishReason === 'refusal') return 'refused';
  if (TOO_LONG.has(answer.finishReason)) return 'length';
  if (answer.characters === 0) return 'empty';
  if (answer.malformedToolCall) return 'tool_call_malformed';
  if (answer.schemaFailed) return 'schema_failed';
  if (answer.finishReason === '' && !byRules) return 'no_finish_reason';
  if (byRules) return 'rules_used';
  return fallback === '' ? 'complete' : 'fallback_used';
}

const UPSTREAM: ReadonlySet<string> = new Set([
  'upstream_connect',
  'upstream_reset',
  'upstream_timeout',
  'upstream_invalid',
  'upstream_too_large',
  'upstream_4xx',
  'upstream_5xx',
] satisfies Outcome[]);

/** All is well, or it is what a provider answered or did. */
const OF_PROVIDERS = /^(?:ok$|upstream_|provider_)/;

/** Everything else that a provider can do wrong (its key is refused, its answer is no JSON) is an invalid answer. */
const upstreamOutcome = (reason: string): Outcome =>
  UPSTREAM.has(reason) ? (reason as Outcome) : 'upstream_invalid';
