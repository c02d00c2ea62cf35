// Calls of tools that other models made, with ids that Bedrock refuses and ones that Gemini did not give.
import { expect, it } from 'vitest';
import { holdsOthersIds, MISTRAL_IDS, toolId } from '../../../src/ai/dialects/tool-id.ts';
import { CHAT_FORMATS } from '../../../src/ai/formats/index.ts';
import { bedrock } from '../../../src/ai/providers/bedrock/index.ts';
import { gemini } from '../../../src/ai/providers/gemini.ts';

const call = (id: string) => ({ id, type: 'function', function: { name: 'look', arguments: '{}' } });

it('Bedrock’s have up to 64 letters, digits, _ and -', () => {
  const ids = ['functions.look:0', `call_${'x'.repeat(70)}`, 'tooluse_kZJMlvQmRJ6eAyJE5GIl7Q'];
  const messages = [
    { role: 'user', content: 'Look.' },
    { role: 'assistant', content: null, tool_calls: ids.map(call) },
    ...ids.map((id) => ({ role: 'tool', tool_call_id: id, content: 'Nothing.' })),
  ];
  const request = CHAT_FORMATS.find(({ name }) => name === 'openai-chat')?.readRequest({
    model: 'm',
    messages,
    tools: [{ type: 'function', function: { name: 'look' } }],
  });
  if (!request) throw new Error('no request');
  const body = bedrock.translated.convertRequest(request, { model: 'm', stream: false });
  const [, calls, results] = body.messages as { content: Record<string, { toolUseId: string }>[] }[];
  const said = calls?.content.map(({ toolUse }) => toolUse?.toolUseId) ?? [];
  expect(results?.content.map(({ toolResult }) => toolResult?.toolUseId)).toEqual(said);
  expect(new Set(said).size).toBe(3);
  for (const id of said) expect(id).toMatch(/^[a-zA-Z0-9_-]{1,64}$/);
  expect(said[2]).toBe(ids[2]);
});

it('of an answer of Gemini’s without an id they are short enough for OpenAI', () => {
  const parts = [{ functionCall: { name: 'look', args: {} } }];
  const answer = { candidates: [{ content: { parts }, finishReason: 'STOP' }] };
  const ids = [1, 2].map(() => {
    const start = gemini.translated.readAnswer(answer)?.find(({ type }) => type === 'tool-call-start');
    return start?.type === 'tool-call-start' ? start.id : '';
  });
  expect(ids[0]).not.toBe(ids[1]);
  for (const id of ids) expect(id).toMatch(/^.{8,40}$/);
});

it('one that fits stays, and one that does not is always the same', () => {
  expect(toolId('D681PevKs', MISTRAL_IDS)).toBe('D681PevKs');
  expect(toolId('call_1', MISTRAL_IDS)).toMatch(/^[A-Za-z0-9]{9}$/);
  expect(toolId('call_1', MISTRAL_IDS)).toBe(toolId('call_1', MISTRAL_IDS));
  expect(toolId('call_1', MISTRAL_IDS)).not.toBe(toolId('call_2', MISTRAL_IDS));
});

it.each([
  ['{"tool_use_id":"toolu_01D7"}', false],
  ['{"tool_use_id" :\n "functions.look:0"}', true],
  ['{"tool_use_id":"toolu_01"},{"tool_use_id":"call.2"}', true],
  [`{"tool_use_id":"${'x'.repeat(70)}"}`, true],
  ['{"text":"\\"tool_use_id\\": \\"functions.look:0\\""}', false],
  ['{"text":"functions.look:0"}', false],
])('%s is looked at for another’s (%#)', (body, holds) => {
  expect(holdsOthersIds(Buffer.from(body))).toBe(holds);
});
