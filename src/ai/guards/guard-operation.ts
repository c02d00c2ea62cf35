import type { Operation } from '../../contracts/format.ts';
import { GatewayError } from '../../errors/gateway-error.ts';
import { anyReads, guardedText } from '../../lib/answer-filters.ts';
import { parseObject, withoutMark } from '../../lib/json.ts';
import { failureInAnswer } from '../../upstream/failure.ts';
import { BROKEN_OFF } from '../broken-off.ts';
import type { ChatCall, CommittedAnswer } from '../chat-call.ts';
import { readBody } from '../read-body.ts';
import { guardResult } from './guard-result.ts';
import type { GuardText } from './guarded-pieces.ts';
import { guardedTranscript } from './guarded-transcript.ts';

type Unread = Extract<CommittedAnswer, { kind: 'bytes' }>;

/**
 * Shows what an operation answers to the guards: JSON, and transcripts that are none. Sound and pictures are no texts. What
 * they don't change goes on as the bytes that came.
 *
 * @throws what a guard ends the answer with
 */
export function guardOperation(call: ChatCall, operation: Operation): void | Promise<void> {
  const { answer, guards } = call;
  // What a provider says in a refusal is no answer; a transcript that streams is read as it goes by.
  if (!answer?.facts || answer.kind === 'stream' || !anyReads(guards, 'result')) return;
  const guard: GuardText = (text) => guardedText(guards, 'result', text);
  if (answer.kind === 'bytes')
    return isText(answer, operation) ? guardUnread(call, answer, guard) : undefined;
  const body = guarded(answer.body, guard);
  if (body !== answer.body) call.answer = { ...answer, body, isOriginal: false };
}

function isText({ headers }: Unread, { operation }: Operation): boolean {
  return operation !== 'speech' && !/^(?:audio|image|video)\//i.test(headers['content-type'] ?? '');
}

/** The same bytes where the guards change nothing. */
function guarded(bytes: Buffer, guard: GuardText): Buffer {
  const text = withoutMark(bytes.toString('utf8'));
  const said = parseObject(text);
  if (said) return guardResult(said, guard) ? Buffer.from(JSON.stringify(said)) : bytes;
  const left = guardedTranscript(text, guard);
  return left === text ? bytes : Buffer.from(left);
}

/** @throws GatewayError for one that breaks off as well */
async function guardUnread(call: ChatCall, answer: Unread, guard: GuardText): Promise<void> {
  const { statusCode, headers, facts, deployment } = answer;
  const body = guarded(await allOf(call, answer), guard);
  call.answer = { kind: 'whole', statusCode, headers, facts, deployment, parts: [], body };
}

/** @throws GatewayError if it breaks off */
async function allOf({ cancel }: ChatCall, { first, body, broke }: Unread): Promise<Buffer> {
  if (body.readableEnded) return first;
  try {
    return Buffer.concat([first, await readBody(body, () => undefined)]);
  } catch (cause) {
    const code = failureInAnswer(cause);
    if (BROKEN_OFF.has(code) && !cancel.aborted) broke?.();
    throw new GatewayError(code, { cause });
  }
}
