import { expect, it } from 'vitest';
import { type EndedCall, outcomeOf } from '../../../src/ai/outcome.ts';

const GOOD = {
  finishReason: 'stop',
  characters: 5,
  refused: false,
  malformedToolCall: false,
  schemaFailed: false,
};
type Ended = Partial<EndedCall> & Pick<EndedCall, 'reason'>;
const call = { status: 200, asked: true, fallback: '', byRules: false, answer: GOOD };

it.each<[string, Ended]>([
  ['a turn that the conversation had gone on from', { reason: 'conversation_locked', status: 409 }],
  ['the same at the end of a stream', { reason: 'conversation_locked' }],
  ['a guard that could not judge it', { reason: 'guard_unavailable', status: 503 }],
  ['a store that was away at the end of a stream', { reason: 'context_unavailable' }],
  ['a fault of ours', { reason: 'internal', status: 500 }],
  ['a fault of ours before it came', { reason: 'internal', status: 500, answer: undefined }],
])('an answer that the gateway could not give is its own failure, and nobody else’s: %s', (_what, ended) => {
  expect(outcomeOf({ ...call, ...ended })).toBe('not_given');
});

it.each<[string, Ended]>([
  ['upstream_invalid', { reason: 'provider_auth_failed', status: 502, answer: undefined }],
  ['upstream_timeout', { reason: 'upstream_timeout', status: 504, answer: undefined }],
  ['upstream_4xx', { reason: 'upstream_4xx', status: 400, answer: undefined }],
  ['truncated', { reason: 'upstream_stalled' }],
  ['no_finish_reason', { reason: 'provider_finish_missing' }],
  ['filtered', { reason: 'content_filtered' }],
  ['filtered', { reason: 'upstream_4xx', status: 400, isFiltered: true, answer: undefined }],
  ['schema_failed', { reason: 'answer_invalid', status: 502 }],
  ['client_cancelled', { reason: 'client_cancelled' }],
  ['not_asked', { reason: 'budget_spent', status: 429, asked: false, answer: undefined }],
  ['complete', { reason: 'ok' }],
])('%s is what it was: %j', (outcome, ended) => {
  expect(outcomeOf({ ...call, ...ended })).toBe(outcome);
});
