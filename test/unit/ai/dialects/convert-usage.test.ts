// What services say that an answer came to, each in its own place.
import { expect, it } from 'vitest';
import { anthropicMessages } from '../../../../src/ai/dialects/anthropic-messages/index.ts';
import { convertUsage as ofBedrock } from '../../../../src/ai/dialects/bedrock-usage.ts';
import { gemini } from '../../../../src/ai/dialects/gemini/index.ts';
import { openaiChat } from '../../../../src/ai/dialects/openai-chat/index.ts';
import { openaiResponses } from '../../../../src/ai/dialects/openai-responses/index.ts';
import { unknownOperation } from '../../../../src/ai/dialects/operations/index.ts';
import { factsOf } from '../../../../src/ai/part-facts.ts';
import { pricerOf } from '../../../../src/ai/prices.ts';
import type { JsonObject } from '../../../../src/contracts/model-request.ts';
import type { Dialect } from '../../../../src/contracts/provider.ts';
import type { StreamPart } from '../../../../src/contracts/stream-part.ts';
import type { Usage } from '../../../../src/contracts/usage.ts';

const ofChat = (answer: object) => factsOf(openaiChat.readAnswer({ choices: [], ...answer }) ?? []).usage;
const plain = { prompt_tokens: 100, completion_tokens: 1 };

it.each([
  [
    'xAI: reasoning beside the output',
    { usage: { ...plain, total_tokens: 487, completion_tokens_details: { reasoning_tokens: 386 } } },
    { output: 387, reasoning: 386 },
  ],
  [
    'OpenAI: reasoning in the output',
    {
      usage: {
        ...plain,
        completion_tokens: 9,
        total_tokens: 109,
        completion_tokens_details: { reasoning_tokens: 8 },
      },
    },
    { output: 9, reasoning: 8 },
  ],
  [
    'Moonshot: with the choice',
    { choices: [{ usage: { ...plain, cached_tokens: 7 } }] },
    { output: 1, cached: 7 },
  ],
  ['DeepSeek: hits of its cache', { usage: { ...plain, prompt_cache_hit_tokens: 64 } }, { cached: 64 }],
  [
    'Google: what was thought shows in the total alone',
    { usage: { ...plain, total_tokens: 161 } },
    { output: 61, reasoning: 60 },
  ],
  [
    'Qwen: what it put into its cache',
    { usage: { ...plain, prompt_tokens_details: { cached_tokens: 2, cache_creation_input_tokens: 30 } } },
    { cached: 2, cacheWrite: 30 },
  ],
  [
    'xAI: what it charges, tools of its own included',
    { usage: { ...plain, cost_in_usd_ticks: 37_756_000 } },
    { cost: 0.0037756 },
  ],
  [
    'OpenRouter: what it charges',
    { usage: { ...plain, cost: 0.95, cost_details: { upstream_inference_cost: 0.95 } } },
    { cost: 0.95 },
  ],
  [
    'OpenRouter with a key of one’s own: its fee, and the vendor’s price',
    { usage: { ...plain, is_byok: true, cost: 0.05, cost_details: { upstream_inference_cost: 1 } } },
    { cost: 1.05 },
  ],
  [
    'Perplexity: what it charges, searches included',
    { usage: { ...plain, cost: { input_tokens_cost: 0.001, request_cost: 0.006, total_cost: 0.007 } } },
    { cost: 0.007 },
  ],
  ['Perplexity: what it searched for', { usage: { ...plain, num_search_queries: 21 } }, { searches: 21 }],
  ['DeepInfra: what it charges', { usage: { ...plain, estimated_cost: 0.0004 } }, { cost: 0.0004 }],
  ['Groq: in a field of its own', { x_groq: { id: 'r', usage: plain } }, { input: 100, output: 1 }],
])('%s', (_who, answer, usage) => {
  expect(ofChat(answer)).toMatchObject(usage);
});

it.each([
  { cost: -1 },
  { cost: Number.NaN },
  { cost: '1' },
  { cost: {} },
  { cost_in_usd_ticks: null },
])('a price that is none is not taken for one: %j', (said) => {
  expect(ofChat({ usage: { ...plain, ...said } })).not.toHaveProperty('cost');
});

it('OpenAI: reasoning is no output beside it where the total says so', () => {
  const details = { completion_tokens_details: { reasoning_tokens: 8 } };
  const usage = { ...plain, completion_tokens: 9, total_tokens: 112, ...details };
  expect(ofChat({ usage })).toMatchObject({ output: 9, reasoning: 8 });
});

it('Anthropic: what its cache keeps for an hour', () => {
  const cache_creation = { ephemeral_5m_input_tokens: 10, ephemeral_1h_input_tokens: 30 };
  const usage = { input_tokens: 1, output_tokens: 1, cache_creation_input_tokens: 40, cache_creation };
  const facts = factsOf(anthropicMessages.readAnswer({ content: [], usage }) ?? []);
  expect(facts.usage).toEqual({ input: 41, output: 1, cached: 0, cacheWrite: 40, cacheWriteHour: 30 });
});

it('Anthropic: what it took to make the conversation compact stands beside the rest', () => {
  const tokens = (input_tokens: number, output_tokens: number) => ({ input_tokens, output_tokens });
  const usage = {
    ...tokens(2_000, 100),
    cache_read_input_tokens: 500,
    iterations: [
      { type: 'compaction', ...tokens(180_000, 3_500), cache_read_input_tokens: 1_000 },
      { type: 'message', ...tokens(2_000, 100) },
    ],
  };
  const whole = factsOf(anthropicMessages.readAnswer({ content: [], usage }) ?? []);
  expect(whole.usage).toEqual({ input: 183_500, output: 3_600, cached: 1_500 });
  const parts: StreamPart[] = [];
  const reader = anthropicMessages.openStream?.((part) => parts.push(part));
  reader?.read({ type: 'message_start', message: { usage: tokens(2_000, 1) } }, '');
  reader?.read({ type: 'message_delta', delta: {}, usage }, '');
  expect(factsOf(parts).usage).toEqual(whole.usage);
});

const OF_CLAUDE = { input_tokens: 1_000, output_tokens: 10 };
const OF_GEMINI = { promptTokenCount: 1_000, candidatesTokenCount: 10 };
const ofGemini = (usage: object) => ({
  candidates: [{ content: { parts: [{ text: 'x' }] }, finishReason: 'STOP' }],
  usageMetadata: { ...OF_GEMINI, ...usage },
});

it.each<[string, Dialect, object, string]>([
  [
    'Claude’s fast answers',
    anthropicMessages,
    { content: [], usage: { ...OF_CLAUDE, speed: 'fast' } },
    'fast',
  ],
  [
    'Claude’s usual ones',
    anthropicMessages,
    { content: [], usage: { ...OF_CLAUDE, speed: 'standard', service_tier: 'standard' } },
    'default',
  ],
  ['Gemini’s', gemini, ofGemini({ serviceTier: 'priority' }), 'priority'],
  ['Gemini’s usual ones', gemini, ofGemini({ serviceTier: 'standard' }), 'default'],
  ['Vertex’s', gemini, ofGemini({ trafficType: 'ON_DEMAND_FLEX' }), 'flex'],
  ['Gemini’s, in its own words', unknownOperation, ofGemini({ serviceTier: 'flex' }), 'flex'],
  ['OpenAI’s, in its own words', unknownOperation, { output: [], service_tier: 'priority' }, 'priority'],
])('the tier of %s is known', (_, dialect, answer, tier) => {
  expect(factsOf(dialect.readAnswer(answer as JsonObject) ?? []).serviceTier).toBe(tier);
});

it('the tier of a stream is known, in whichever words', () => {
  const tiers = (dialect: Dialect, ...events: object[]): string[] => {
    const said: string[] = [];
    const reader = dialect.openStream?.(
      (part) => void (part.type === 'service-tier' && said.push(part.tier)),
    );
    for (const event of events) reader?.read(event as JsonObject, '');
    return said;
  };
  const start = { type: 'message_start', message: { usage: { ...OF_CLAUDE, speed: 'fast' } } };
  expect(tiers(anthropicMessages, start)).toEqual(['fast']);
  expect(tiers(gemini, ofGemini({}), ofGemini({ serviceTier: 'flex' }), ofGemini({}))).toEqual(['flex']);
  expect(tiers(unknownOperation, start)).toEqual(['fast']);
});

it('Google’s kinds of tokens and ends are known where they are asked for as numbers', () => {
  const said = (modality: unknown, finishReason: unknown) => {
    const { usage, finishReason: end } = factsOf(
      gemini.readAnswer({
        candidates: [{ content: { parts: [{ text: 'a' }] }, finishReason }],
        usageMetadata: { promptTokenCount: 10, promptTokensDetails: [{ modality, tokenCount: 8 }] },
      }) ?? [],
    );
    return [usage, end];
  };
  expect(said(4, 1)).toEqual(said('AUDIO', 'STOP'));
  expect(said(2, 2)).toEqual(said('IMAGE', 'MAX_TOKENS'));
  expect(said(4, 1)).toMatchObject([{ audioInput: 8 }, 'stop']);
});

it('what is generated in the United States alone costs a tenth more at Anthropic', () => {
  const usage = (inference_geo: string) =>
    factsOf(anthropicMessages.readAnswer({ content: [], usage: { ...OF_CLAUDE, inference_geo } }) ?? [])
      .usage;
  const price = pricerOf('claude-opus-4-6', 'https://api.anthropic.com', undefined);
  expect(price(usage('us') as Usage)).toBeCloseTo(1.1 * price(usage('global') as Usage), 9);
});

it('OpenAI: searches of the web, and not the pages that are opened after them', () => {
  const call = (type: string) => ({ type: 'web_search_call', action: { type } });
  const answer = {
    id: 'r',
    status: 'completed',
    output: [call('search'), call('open_page'), call('search'), { type: 'message', content: [] }],
    usage: { input_tokens: 100, output_tokens: 5 },
  };
  expect(factsOf(openaiResponses('openai').readAnswer(answer) ?? []).usage).toMatchObject({ searches: 2 });
});

it('OpenAI: searches of its files', () => {
  const call = { type: 'file_search_call', queries: ['price', 'prices'], status: 'completed' };
  const usage = { input_tokens: 100, output_tokens: 5 };
  const answer = { id: 'r', status: 'completed', output: [call, call], usage };
  expect(factsOf(openaiResponses('openai').readAnswer(answer) ?? []).usage).toMatchObject({
    fileSearches: 2,
  });
});

const RAN = [
  { type: 'code_interpreter_call', container_id: 'cntr_a' },
  { type: 'code_interpreter_call', container_id: 'cntr_a' },
  { type: 'code_interpreter_call', container_id: 'cntr_made_before' },
  { type: 'shell_call', environment: { type: 'container_reference', container_id: 'cntr_b' } },
  { type: 'shell_call', environment: { type: 'local' } },
];
const TOOLS = [{ type: 'code_interpreter', container: 'cntr_made_before' }, { type: 'shell' }];

it('OpenAI: containers that code ran in, once each, but for those that the request names', () => {
  const usage = { input_tokens: 100, output_tokens: 5 };
  const answer = { id: 'r', status: 'completed', output: RAN, tools: TOOLS, usage };
  expect(factsOf(openaiResponses('openai').readAnswer(answer) ?? []).usage).toMatchObject({ containers: 2 });
});

it('OpenAI and Anthropic: a stream that is cut has said what its tools had done by then', () => {
  const early = (dialect: Dialect, ...events: object[]) => {
    const parts: StreamPart[] = [];
    const reader = dialect.openStream?.((part) => parts.push(part));
    for (const event of events) reader?.read(event as JsonObject, '');
    return factsOf(parts).earlyUsage;
  };
  const done = (item: object) => ({ type: 'response.output_item.done', item });
  const search = { type: 'web_search_call', action: { type: 'search', query: 'kites' } };
  const created = { type: 'response.created', response: { id: 'r', model: 'm', tools: TOOLS } };
  expect(early(openaiResponses('openai'), created, ...RAN.map(done), done(search))).toMatchObject({
    searches: 1,
    containers: 2,
  });
  const start = { type: 'message_start', message: { usage: { ...OF_CLAUDE, output_tokens: 1 } } };
  const found = (content: unknown) => ({
    type: 'content_block_start',
    content_block: { type: 'web_search_tool_result', content },
  });
  const error = { type: 'web_search_tool_result_error', error_code: 'max_uses_exceeded' };
  expect(early(anthropicMessages, start, found([]), found([]), found(error))).toMatchObject({
    input: 1_000,
    searches: 2,
  });
});

it('Gemini: each thing that it searched for, once, though every chunk may name it', () => {
  const seen: { searches?: number }[] = [];
  const reader = gemini.openStream?.((part) => void (part.type === 'usage' && seen.push(part.usage)));
  const chunk = (webSearchQueries: string[]) => ({
    candidates: [{ content: { parts: [{ text: 'x' }] }, groundingMetadata: { webSearchQueries } }],
    usageMetadata: { promptTokenCount: 10, candidatesTokenCount: 1 },
  });
  for (const queries of [[], ['rates'], ['rates', 'banks']]) reader?.read(chunk(queries), '');
  expect(seen.map(({ searches }) => searches)).toEqual([undefined, 1, 2]);
});

it('Gemini: pictures and sound that were cached are cached, and no fresh ones', () => {
  const of = (modality: string, tokenCount: number) => ({ modality, tokenCount });
  const answer = {
    candidates: [{ content: { parts: [{ text: 'x' }] }, finishReason: 'STOP' }],
    usageMetadata: {
      promptTokenCount: 11_000,
      cachedContentTokenCount: 9700,
      promptTokensDetails: [of('TEXT', 1000), of('IMAGE', 9000), of('AUDIO', 1000)],
      cacheTokensDetails: [of('TEXT', 600), of('IMAGE', 8900), of('AUDIO', 200)],
    },
  };
  const { usage } = factsOf(gemini.readAnswer(answer) ?? []);

  expect(usage).toMatchObject({ imageInput: 9000, audioInput: 1000, cachedImage: 8900, cachedAudio: 200 });
  // By the list of Gemini 2.5 Flash: fresh, fresh sound, cached, and cached sound, which costs more than the rest.
  const price = pricerOf('gemini-2.5-flash', 'https://generativelanguage.googleapis.com', undefined);
  expect(price(usage as Usage)).toBeCloseTo((500 * 0.3 + 800 * 1 + 9500 * 0.03 + 200 * 0.1) / 1e6, 12);
});

it('Amazon: what its cache keeps for an hour', () => {
  const cacheDetails = [
    { inputTokens: 30, ttl: '1h' },
    { inputTokens: 10, ttl: '5m' },
  ];
  const usage = { inputTokens: 1, outputTokens: 1, cacheWriteInputTokens: 40, cacheDetails };
  expect(ofBedrock(usage)).toEqual({ input: 41, output: 1, cached: 0, cacheWrite: 40, cacheWriteHour: 30 });
});

it.each<[string, object, object]>([
  ['a chat', { message: { content: 'Hi' }, prompt_eval_count: 26, eval_count: 5 }, { input: 26, output: 5 }],
  ['a text it had read before', { response: 'Hi', done: true, eval_count: 5 }, { input: 0, output: 5 }],
  ['vectors', { embeddings: [[0.1]], prompt_eval_count: 8 }, { input: 8, output: 0 }],
])('Ollama, in its own words: %s that came whole', (_, answer, usage) => {
  const parts = unknownOperation.readAnswer({ model: 'llama3.2', done: true, ...answer } as JsonObject);
  expect(factsOf(parts ?? []).usage).toMatchObject(usage);
});
