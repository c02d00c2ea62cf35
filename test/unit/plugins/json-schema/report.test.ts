// In report mode json-schema holds nothing up, and says what a text was when its choice has ended.
import { expect, it } from 'vitest';
import jsonSchema from '../../../../plugins/json-schema/index.ts';
import { AnswerGuard } from '../../../../src/ai/guards/answer-guard.ts';
import type { Exchange } from '../../../../src/contracts/exchange.ts';
import type { Policy, PolicyPorts } from '../../../../src/contracts/policy.ts';
import type { StreamPart } from '../../../../src/contracts/stream-part.ts';
import { compileSchema } from '../../../../src/lib/json-schema/compile.ts';

function reporting() {
  const exchange = {} as Exchange;
  const settings = { schema: { type: 'object' }, largest: 100, mode: 'report' as const };
  const policy = jsonSchema.create(settings, { compileSchema } as PolicyPorts) as Policy;
  const guard = policy.guardModel?.(exchange);
  return { exchange, guard: new AnswerGuard(guard ? [guard] : []) };
}
const BREACH = { guard: 'json-schema', action: 'reported', direction: 'answer', rule: 'schema' };
const text = (said: string): StreamPart => ({ type: 'text', text: said });
const thought: StreamPart = { type: 'reasoning', text: 'Hm.' };
const called: StreamPart = { type: 'tool-call-start', call: 0, id: 'a', name: 'f' };
const finish: StreamPart = { type: 'finish', reason: 'stop' };

it.each<[string, StreamPart[], object[]]>([
  ['a text that breaks the schema', [text('Let me'), text(' see.'), thought], [BREACH]],
  ['one that is too long', [text('{}'.padEnd(101)), thought], [BREACH]],
  ['two', [text('{'), thought, text('}')], [BREACH, BREACH]],
  ['one that fits it', [text('{'), text('}'), thought], []],
  ['one before a call', [text('Let me see.'), thought, called], []],
  ['one behind a call', [thought, called, text('So.'.repeat(100))], []],
])('%s', (_, parts, noted) => {
  const { exchange, guard } = reporting();
  for (const part of parts) expect(guard.take(part)).toEqual([part]);
  expect(exchange.guards).toBeUndefined();
  expect(guard.take(finish)).toEqual([finish]);
  expect(exchange.guards ?? []).toEqual(noted);
});
