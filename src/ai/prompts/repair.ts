import type { StreamPart } from '../../contracts/stream-part.ts';
import { billEarlier } from '../bill.ts';
import type { ChatCall, PromptCall } from '../chat-call.ts';
import { gatherAnswer } from '../gather-answer.ts';
import { replaceBody } from '../replace-body.ts';

/** How an answer breaks what its prompt promises, and what was said; undefined if it doesn't, or says why it is none. */
export function breachIn(call: ChatCall): { said: string; breach: string } | undefined {
  const { checkOutput } = call.prompt as PromptCall;
  const { answer, guards } = call;
  // A refusal by the provider or the model is an answer of its own kind.
  if (!checkOutput || answer?.kind !== 'whole' || !answer.facts || answer.facts.refused) return undefined;
  // What its tools bring comes first.
  if (answer.parts.some(({ type }) => type === 'tool-call-start')) return undefined;
  const said = textOf(answer.parts);
  // As its caller reads it, who promised what form it has; what is sent back is what the model said.
  const read = guards.reduce((text, guard) => guard.restored?.(text) ?? text, said);
  const breach = breachOf(read, checkOutput);
  return breach === undefined ? undefined : { said, breach };
}

const textOf = (parts: readonly StreamPart[]): string =>
  (gatherAnswer(parts).choices[0]?.content ?? [])
    .map((content) => (content.type === 'text' ? content.text : ''))
    .join('');

/** How a text breaks a schema; undefined if it doesn't. */
export function breachOf(said: string, check: NonNullable<PromptCall['checkOutput']>): string | undefined {
  let value: unknown;
  try {
    value = JSON.parse(said);
  } catch {
    return 'it is no JSON';
  }
  const breach = check(value);
  return breach === undefined ? undefined : `at ${breach}`;
}

/** Makes of a call the one that asks for a better answer. What the first came to stays on its bill. */
export function askAgain(call: ChatCall, { said, breach }: { said: string; breach: string }): void {
  const { answer, exchange } = call;
  if (!answer?.facts) return;
  billEarlier(call, answer.deployment, answer.facts);
  call.answer = undefined;
  call.asked = undefined;
  const body = JSON.parse(call.bytes.toString('utf8')) as { messages: object[]; [key: string]: unknown };
  body.messages.push(
    { role: 'assistant', content: said },
    {
      role: 'user',
      content: `Your answer does not fit the JSON schema: ${breach}. Answer again, with nothing but JSON that fits it.`,
    },
  );
  replaceBody(call, body);
  if (exchange.ai) exchange.ai.repaired = true;
}
