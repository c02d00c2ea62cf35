import type { JsonObject } from '../src/contracts/model-request.ts';

const PNG = 'iVBORw0KGgo=';
const PDF = 'JVBERi0=';
const LINK = 'https://img.example/a.png';
const schema = { type: 'object', properties: {} };

export const FEATURES = [
  'text',
  'stream',
  'tools',
  'forced tool',
  'no parallel tools',
  'tool results',
  'JSON schema',
  'JSON',
  'image',
  'image link',
  'PDF',
  'audio',
  'reasoning',
  'stop',
  'top_k',
  'seed',
  'n',
  'logprobs',
  'penalties',
  'tier',
  'user',
  'metadata',
] as const;

export type Feature = (typeof FEATURES)[number];

type Samples = Readonly<Partial<Record<Feature, JsonObject>>>;

const user = { role: 'user', content: 'Hello' };
const chat = (extra: JsonObject): JsonObject => ({ model: 'm', messages: [user], ...extra });
const chatPart = (part: JsonObject): JsonObject => chat({ messages: [{ role: 'user', content: [part] }] });
const chatTools = [{ type: 'function', function: { name: 'f', parameters: schema } }];
const call = { id: 'c1', type: 'function', function: { name: 'f', arguments: '{}' } };

const message = (extra: JsonObject): JsonObject => ({ ...chat(extra), max_tokens: 4096 });
const messagePart = (part: JsonObject): JsonObject =>
  message({ messages: [{ role: 'user', content: [part] }] });
const messageTools = [{ name: 'f', input_schema: schema }];

const response = (extra: JsonObject): JsonObject => ({ model: 'm', input: 'Hello', store: false, ...extra });
const responsePart = (part: JsonObject): JsonObject =>
  response({ input: [{ type: 'message', role: 'user', content: [part] }] });
const responseTools = [{ type: 'function', name: 'f', parameters: schema, strict: false }];

/** A request for each feature, in the words of each format; absent: it has none. */
export const SAMPLES: Readonly<Record<string, Samples>> = {
  'openai-chat': {
    text: chat({}),
    stream: chat({ stream: true, stream_options: { include_usage: true } }),
    tools: chat({ tools: chatTools }),
    'forced tool': chat({ tools: chatTools, tool_choice: { type: 'function', function: { name: 'f' } } }),
    'no parallel tools': chat({ tools: chatTools, parallel_tool_calls: false }),
    'tool results': chat({
      tools: chatTools,
      messages: [
        user,
        { role: 'assistant', content: null, tool_calls: [call] },
        { role: 'tool', tool_call_id: 'c1', content: 'x' },
      ],
    }),
    'JSON schema': chat({ response_format: { type: 'json_schema', json_schema: { name: 'a', schema } } }),
    JSON: chat({ response_format: { type: 'json_object' } }),
    image: chatPart({ type: 'image_url', image_url: { url: `data:image/png;base64,${PNG}` } }),
    'image link': chatPart({ type: 'image_url', image_url: { url: LINK } }),
    PDF: chatPart({
      type: 'file',
      file: { filename: 'a.pdf', file_data: `data:application/pdf;base64,${PDF}` },
    }),
    audio: chatPart({ type: 'input_audio', input_audio: { data: 'AAAA', format: 'wav' } }),
    reasoning: chat({ reasoning_effort: 'low' }),
    stop: chat({ stop: ['a'] }),
    top_k: chat({ top_k: 5 }),
    seed: chat({ seed: 1 }),
    n: chat({ n: 2 }),
    logprobs: chat({ logprobs: true }),
    penalties: chat({ frequency_penalty: 1, presence_penalty: 1 }),
    tier: chat({ service_tier: 'flex' }),
    user: chat({ user: 'u' }),
    metadata: chat({ metadata: { a: 'b' } }),
  },
  'openai-responses': {
    text: response({}),
    stream: response({ stream: true }),
    tools: response({ tools: responseTools }),
    'forced tool': response({ tools: responseTools, tool_choice: { type: 'function', name: 'f' } }),
    'no parallel tools': response({ tools: responseTools, parallel_tool_calls: false }),
    'tool results': response({
      tools: responseTools,
      input: [
        { type: 'message', role: 'user', content: 'Hello' },
        { type: 'function_call', call_id: 'c1', name: 'f', arguments: '{}' },
        { type: 'function_call_output', call_id: 'c1', output: 'x' },
      ],
    }),
    'JSON schema': response({ text: { format: { type: 'json_schema', name: 'a', schema } } }),
    JSON: response({ text: { format: { type: 'json_object' } } }),
    image: responsePart({ type: 'input_image', image_url: `data:image/png;base64,${PNG}` }),
    'image link': responsePart({ type: 'input_image', image_url: LINK }),
    PDF: responsePart({
      type: 'input_file',
      filename: 'a.pdf',
      file_data: `data:application/pdf;base64,${PDF}`,
    }),
    reasoning: response({ reasoning: { effort: 'low' } }),
    logprobs: response({ top_logprobs: 2 }),
    tier: response({ service_tier: 'flex' }),
    user: response({ user: 'u' }),
    metadata: response({ metadata: { a: 'b' } }),
  },
  'anthropic-messages': {
    text: message({}),
    stream: message({ stream: true }),
    tools: message({ tools: messageTools }),
    'forced tool': message({ tools: messageTools, tool_choice: { type: 'tool', name: 'f' } }),
    'no parallel tools': message({
      tools: messageTools,
      tool_choice: { type: 'auto', disable_parallel_tool_use: true },
    }),
    'tool results': message({
      tools: messageTools,
      messages: [
        user,
        { role: 'assistant', content: [{ type: 'tool_use', id: 'c1', name: 'f', input: {} }] },
        { role: 'user', content: [{ type: 'tool_result', tool_use_id: 'c1', content: 'x' }] },
      ],
    }),
    'JSON schema': message({ output_config: { format: { type: 'json_schema', schema } } }),
    image: messagePart({ type: 'image', source: { type: 'base64', media_type: 'image/png', data: PNG } }),
    'image link': messagePart({ type: 'image', source: { type: 'url', url: LINK } }),
    PDF: messagePart({
      type: 'document',
      source: { type: 'base64', media_type: 'application/pdf', data: PDF },
    }),
    reasoning: message({ thinking: { type: 'enabled', budget_tokens: 2048 } }),
    stop: message({ stop_sequences: ['a'] }),
    top_k: message({ top_k: 5 }),
    tier: message({ service_tier: 'standard_only' }),
    user: message({ metadata: { user_id: 'u' } }),
  },
};
