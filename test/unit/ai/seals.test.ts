// What a model thought is signed or sealed by its maker, who takes nobody else's back. Clients give back whatever they were given.
import { expect, it } from 'vitest';
import { CHAT_FORMATS } from '../../../src/ai/formats/index.ts';
import { anthropic } from '../../../src/ai/providers/anthropic.ts';
import { bedrock } from '../../../src/ai/providers/bedrock/index.ts';
import { cohere } from '../../../src/ai/providers/cohere.ts';
import { gemini } from '../../../src/ai/providers/gemini.ts';
import { openaiServices } from '../../../src/ai/providers/openai.ts';
import { Translation } from '../../../src/ai/translation.ts';
import type { FormatName } from '../../../src/contracts/format.ts';
import type { JsonObject } from '../../../src/contracts/model-request.ts';
import type { Provider } from '../../../src/contracts/provider.ts';

const HI = { role: 'user', content: 'Hi' };
const openrouter = openaiServices.openrouter as Provider;
const CLAUDE_AT_BEDROCK = 'eu.anthropic.claude-opus-4-7-v1:0';

function between(from: FormatName, to: Provider, body: object) {
  const format = CHAT_FORMATS.find(({ name }) => name === from);
  if (!format) throw new Error(from);
  const request = format.readRequest({ model: 'm', ...body });
  return new Translation(request, format, to.translated, to.readError, {
    id: 'r1',
    requestId: 'r1',
    model: 'm',
    created: 1,
  });
}

/** What a vendor said, as its client has it to give back: the list in which its next request goes on. */
function given(from: FormatName, to: Provider, said: object): JsonObject {
  const key = from === 'openai-responses' ? 'input' : 'messages';
  const translation = between(from, to, { [key]: [HI] });
  const answer = JSON.parse(String(translation.answer(to.translated.readAnswer(said as JsonObject) ?? [])));
  const [choice] = (answer.choices ?? []) as JsonObject[];
  const output = answer.output ?? [choice?.message ?? { role: 'assistant', content: answer.content }];
  return { [key]: [HI, ...output, HI] };
}

const sent = (from: FormatName, to: Provider, body: object, model = 'm'): string =>
  between(from, to, body).request({ model, stream: false }).toString();

const SIGNED = { type: 'thinking', thinking: 'Hm.', signature: 'EqQBs' };
const UNSHOWN = { type: 'thinking', thinking: '', signature: 'EqQBu' };
const REDACTED = { type: 'redacted_thinking', data: 'EmwKr' };
const TEXT = { type: 'text', text: 'Well.' };
const OF_CLAUDE = { content: [UNSHOWN, SIGNED, REDACTED, TEXT], stop_reason: 'end_turn' };

it.each(
  CHAT_FORMATS.map(({ name }) => name),
)('of Anthropic’s nothing is lost on its way through %s', (format) => {
  const next = given(format, anthropic, OF_CLAUDE);
  const { messages } = JSON.parse(sent(format, anthropic, next)) as { messages: JsonObject[] };
  expect(messages[1]?.content).toEqual(OF_CLAUDE.content);
});

it.each(
  CHAT_FORMATS.map(({ name }) => name),
)('Bedrock’s Claude takes it, in %s, and its other models do not', (format) => {
  const next = given(format, anthropic, OF_CLAUDE);
  const asked = JSON.parse(sent(format, bedrock, next, CLAUDE_AT_BEDROCK)) as { messages: JsonObject[] };
  expect(asked.messages[1]?.content).toEqual([
    { reasoningContent: { reasoningText: { text: '', signature: 'EqQBu' } } },
    { reasoningContent: { reasoningText: { text: 'Hm.', signature: 'EqQBs' } } },
    { reasoningContent: { redactedContent: 'EmwKr' } },
    { text: 'Well.' },
  ]);
  expect(sent(format, bedrock, next, 'eu.amazon.nova-pro-v1:0')).not.toMatch(/reasoningContent|EqQB/);
});

const OF_OPENAI = {
  input: [
    HI,
    { type: 'reasoning', id: 'rs_1', summary: [], encrypted_content: 'gAAAAABo' },
    {
      type: 'reasoning',
      id: 'rs_2',
      summary: [{ type: 'summary_text', text: 'Hm.' }],
      encrypted_content: 'gAAAAABp',
    },
    { type: 'message', role: 'assistant', content: [{ type: 'output_text', text: 'Well.' }] },
    HI,
  ],
};

it.each([
  anthropic,
  bedrock,
  gemini,
  cohere,
  openrouter,
])('what OpenAI sealed goes to none of the others (%#)', (to) => {
  const asked = sent('openai-responses', to, OF_OPENAI, CLAUDE_AT_BEDROCK);
  expect(asked).toContain('Well.');
  expect(asked).not.toMatch(/gAAAA|thinking|reasoningContent/);
});

it('what OpenRouter passes on keeps the name of its maker', () => {
  const details = [
    { type: 'reasoning.text', text: 'Hm.', signature: 'EqQBs', format: 'anthropic-claude-v1' },
    { type: 'reasoning.encrypted', data: 'xAI=', format: 'xai-responses-v1' },
  ];
  const message = { content: 'Well.', reasoning: 'Hm.', reasoning_details: details };
  const next = given('anthropic-messages', openrouter, { choices: [{ message, finish_reason: 'stop' }] });
  const { messages } = JSON.parse(sent('anthropic-messages', anthropic, next)) as { messages: JsonObject[] };
  expect(messages[1]?.content).toEqual([SIGNED, TEXT]);
});

it.each(['openrouter', 'vercel-ai-gateway'] as const)('%s gets back what its models have signed', (kind) => {
  const details = [
    { type: 'reasoning.text', text: 'Hm.', signature: 'EqQBs', format: 'anthropic-claude-v1' },
    { type: 'reasoning.encrypted', data: 'xAI=', format: 'xai-responses-v1' },
  ];
  const call = { id: 'c1', type: 'function', function: { name: 'w', arguments: '{}' } };
  const message = { content: null, reasoning: 'Hm.', reasoning_details: details, tool_calls: [call] };
  const to = openaiServices[kind] as Provider;
  for (const format of ['anthropic-messages', 'openai-responses'] as const) {
    const next = given(format, to, { choices: [{ message, finish_reason: 'tool_calls' }] });
    const { messages } = JSON.parse(sent(format, to, next)) as { messages: JsonObject[] };
    expect(messages[1]).toMatchObject({ reasoning_details: details, tool_calls: [call] });
  }
});

const CALL = { functionCall: { id: 'c1', name: 'w', args: { at: 1 } }, thoughtSignature: 'Q2FsbA==' };
const SECOND = { functionCall: { id: 'c2', name: 'w', args: {} } };
const ofGemini = (...parts: object[]) => ({ candidates: [{ content: { parts }, finishReason: 'STOP' }] });

/** What the model is told to have said, whichever way it went to the client and came back. */
function backAtGemini(format: FormatName, said: object, model = 'gemini-3-pro'): unknown {
  const { contents } = JSON.parse(sent(format, gemini, given(format, gemini, said), model)) as {
    contents: JsonObject[];
  };
  return contents[1]?.parts;
}

it.each(
  CHAT_FORMATS.map(({ name }) => name),
)('what Gemini signs comes back in its place, through %s', (format) => {
  const thought = { text: 'Hm.', thought: true };
  const plain = { text: 'Let me look.' };
  const signed = { text: 'Well.', thoughtSignature: 'VGV4dA==' };
  expect(backAtGemini(format, ofGemini(thought, plain, CALL, SECOND))).toEqual([plain, CALL, SECOND]);
  expect(backAtGemini(format, ofGemini(thought, signed))).toEqual([signed]);
  expect(backAtGemini(format, ofGemini(signed, SECOND), 'gemini-3-pro')).toMatchObject([signed, SECOND]);
  const streamed = ofGemini({ text: 'Well.' }, { text: '', thoughtSignature: 'VGV4dA==' });
  expect(backAtGemini(format, streamed), 'in streams it stands behind the text').toEqual([signed]);
  expect(JSON.stringify(backAtGemini(format, ofGemini(signed, CALL, SECOND)))).not.toContain('skip_');
});

it.each([anthropic, bedrock, cohere, openrouter])('and goes to none of the others (%#)', (to) => {
  for (const { name } of CHAT_FORMATS) {
    const next = given(name, gemini, ofGemini({ text: 'Well.', thoughtSignature: 'VGV4dA==' }));
    expect(sent(name, to, next, CLAUDE_AT_BEDROCK)).not.toMatch(/VGV4dA|thinking|reasoning|hypercare/);
  }
});

it('Gemini is not told that Claude’s signature is its own', () => {
  const next = given('anthropic-messages', anthropic, {
    content: [SIGNED, { type: 'tool_use', id: 'c1', name: 'w', input: {} }],
    stop_reason: 'tool_use',
  });
  const asked = sent('anthropic-messages', gemini, next, 'gemini-3-pro');
  expect(asked).toContain('skip_thought_signature_validator');
  expect(asked).not.toMatch(/EqQB|Hm\./);
});
