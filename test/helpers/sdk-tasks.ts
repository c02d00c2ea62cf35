import { createOpenAICompatible } from '@ai-sdk/openai-compatible';
import Anthropic from '@anthropic-ai/sdk';
import { APICallError, embed, generateText, isStepCount, jsonSchema, Output, streamText, tool } from 'ai';
import OpenAI from 'openai';
import { anthropicSdk, CLIENT_KEY, sdk } from './ai.ts';

/** What every SDK is asked to do, in its own words. What one has no words for is absent. */
export interface SdkTasks {
  chat(model: string): Promise<string>;
  /** The pieces, as they came. @param signal ends it early */
  stream(model: string, onPiece?: () => void, signal?: AbortSignal): Promise<string[]>;
  /** A call of `get_weather`, and the answer that its result is made into. */
  tools(model: string): Promise<{ city: unknown; answer: string }>;
  structured(model: string): Promise<unknown>;
  image(model: string): Promise<string>;
  embeddings?(model: string): Promise<readonly number[]>;
  /** What it throws for a refusal, as its own class has it. */
  isError(error: unknown, status: number): boolean;
}

export const HELLO = 'Hello';
export const WEATHER = 'What is the weather in Lisbon?';
export const RESULT = '21 degrees';
export const CITY_SCHEMA = {
  type: 'object' as const,
  properties: { city: { type: 'string' as const } },
  required: ['city'],
  additionalProperties: false,
};
export const PNG =
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==';
export const LOOK = 'Describe this';

export function openaiTasks(gateway: { url: string }): SdkTasks {
  const client = sdk(gateway);
  const user = (content: OpenAI.ChatCompletionUserMessageParam['content']) => ({
    role: 'user' as const,
    content,
  });
  const ask = (model: string, rest: Partial<OpenAI.ChatCompletionCreateParamsNonStreaming>) =>
    client.chat.completions.create({ model, messages: [user(HELLO)], ...rest });
  const said = (completion: OpenAI.ChatCompletion) => completion.choices[0]?.message.content ?? '';
  return {
    chat: async (model) => said(await ask(model, {})),
    async stream(model, onPiece, signal) {
      const asked = { model, messages: [user(HELLO)], stream: true as const };
      const pieces: string[] = [];
      for await (const chunk of await client.chat.completions.create(asked, { signal })) {
        const piece = chunk.choices[0]?.delta.content;
        if (!piece) continue;
        pieces.push(piece);
        onPiece?.();
      }
      return pieces;
    },
    async tools(model) {
      const tools = [
        { type: 'function' as const, function: { name: 'get_weather', parameters: CITY_SCHEMA } },
      ];
      const message = (await ask(model, { messages: [user(WEATHER)], tools })).choices[0]?.message;
      const call = message?.tool_calls?.[0];
      if (!message || call?.type !== 'function') throw new Error('no tool was called');
      const result = { role: 'tool' as const, tool_call_id: call.id, content: RESULT };
      const answer = await ask(model, { messages: [user(WEATHER), message, result], tools });
      return { city: JSON.parse(call.function.arguments).city, answer: said(answer) };
    },
    async structured(model) {
      const json_schema = { name: 'place', schema: CITY_SCHEMA, strict: true };
      return JSON.parse(said(await ask(model, { response_format: { type: 'json_schema', json_schema } })));
    },
    image: async (model) =>
      said(
        await ask(model, {
          messages: [
            user([
              { type: 'text', text: LOOK },
              { type: 'image_url', image_url: { url: `data:image/png;base64,${PNG}` } },
            ]),
          ],
        }),
      ),
    async embeddings(model) {
      const { data } = await client.embeddings.create({ model, input: HELLO, dimensions: 8 });
      return data[0]?.embedding ?? [];
    },
    isError: (error, status) => error instanceof OpenAI.APIError && error.status === status,
  };
}

/** OpenAI's SDK by its newer API. */
export function responsesTasks(gateway: { url: string }): SdkTasks {
  const client = sdk(gateway);
  const ask = (model: string, rest: Partial<OpenAI.Responses.ResponseCreateParamsNonStreaming>) =>
    client.responses.create({ model, input: HELLO, ...rest });
  return {
    chat: async (model) => (await ask(model, {})).output_text,
    async stream(model, onPiece, signal) {
      const asked = { model, input: HELLO, stream: true as const };
      const pieces: string[] = [];
      for await (const event of await client.responses.create(asked, { signal })) {
        if (event.type !== 'response.output_text.delta') continue;
        pieces.push(event.delta);
        onPiece?.();
      }
      return pieces;
    },
    async tools(model) {
      const parameters = CITY_SCHEMA;
      const tools = [{ type: 'function' as const, name: 'get_weather', parameters, strict: false }];
      const { output } = await ask(model, { input: WEATHER, tools });
      const call = output.find((item) => item.type === 'function_call');
      if (!call) throw new Error('no tool was called');
      const result = { type: 'function_call_output' as const, call_id: call.call_id, output: RESULT };
      const input = [
        { role: 'user' as const, content: WEATHER },
        ...(output as OpenAI.Responses.ResponseInputItem[]),
        result,
      ];
      const answer = await ask(model, { input, tools });
      return { city: JSON.parse(call.arguments).city, answer: answer.output_text };
    },
    async structured(model) {
      const format = { type: 'json_schema' as const, name: 'place', schema: CITY_SCHEMA, strict: true };
      return JSON.parse((await ask(model, { text: { format } })).output_text);
    },
    async image(model) {
      const content = [
        { type: 'input_text' as const, text: LOOK },
        {
          type: 'input_image' as const,
          image_url: `data:image/png;base64,${PNG}`,
          detail: 'auto' as const,
        },
      ];
      return (await ask(model, { input: [{ role: 'user', content }] })).output_text;
    },
    isError: (error, status) => error instanceof OpenAI.APIError && error.status === status,
  };
}

export function anthropicTasks(gateway: { url: string }): SdkTasks {
  const client = anthropicSdk(gateway);
  const user = (content: Anthropic.MessageParam['content']) => ({ role: 'user' as const, content });
  const ask = (model: string, rest: Partial<Anthropic.MessageCreateParamsNonStreaming>) =>
    client.messages.create({ model, max_tokens: 200, messages: [user(HELLO)], ...rest });
  const said = ({ content }: Anthropic.Message) =>
    content.map((block) => (block.type === 'text' ? block.text : '')).join('');
  return {
    chat: async (model) => said(await ask(model, {})),
    async stream(model, onPiece, signal) {
      const asked = { model, max_tokens: 200, messages: [user(HELLO)], stream: true as const };
      const pieces: string[] = [];
      for await (const event of await client.messages.create(asked, { signal })) {
        if (event.type !== 'content_block_delta' || event.delta.type !== 'text_delta') continue;
        pieces.push(event.delta.text);
        onPiece?.();
      }
      return pieces;
    },
    async tools(model) {
      const tools = [{ name: 'get_weather', input_schema: CITY_SCHEMA }];
      const { content } = await ask(model, { messages: [user(WEATHER)], tools });
      const call = content.find((block) => block.type === 'tool_use');
      if (!call) throw new Error('no tool was called');
      const result = user([{ type: 'tool_result', tool_use_id: call.id, content: RESULT }]);
      const answer = await ask(model, {
        messages: [user(WEATHER), { role: 'assistant', content }, result],
        tools,
      });
      return { city: (call.input as { city?: unknown }).city, answer: said(answer) };
    },
    async structured(model) {
      const format = { type: 'json_schema' as const, schema: CITY_SCHEMA };
      return JSON.parse(said(await ask(model, { output_config: { format } })));
    },
    image: async (model) =>
      said(
        await ask(model, {
          messages: [
            user([
              { type: 'text', text: LOOK },
              { type: 'image', source: { type: 'base64', media_type: 'image/png', data: PNG } },
            ]),
          ],
        }),
      ),
    isError: (error, status) => error instanceof Anthropic.APIError && error.status === status,
  };
}

/** The SDK of Vercel, which speaks OpenAI's chat completions in its own way. */
export function aiTasks(gateway: { url: string }): SdkTasks {
  const provider = createOpenAICompatible({
    name: 'gateway',
    baseURL: `${gateway.url}/v1`,
    apiKey: CLIENT_KEY,
    supportsStructuredOutputs: true,
  });
  const maxRetries = 0;
  return {
    chat: async (model) => (await generateText({ model: provider(model), prompt: HELLO, maxRetries })).text,
    async stream(model, onPiece, abortSignal) {
      const failures: unknown[] = [];
      const { textStream } = streamText({
        model: provider(model),
        prompt: HELLO,
        maxRetries,
        abortSignal,
        onError: ({ error }) => void failures.push(error),
      });
      const pieces: string[] = [];
      for await (const piece of textStream) {
        if (piece === '') continue;
        pieces.push(piece);
        onPiece?.();
      }
      if (failures.length > 0) throw failures[0];
      return pieces;
    },
    async tools(model) {
      let city: unknown;
      const get_weather = tool({
        inputSchema: jsonSchema<{ city: string }>(CITY_SCHEMA),
        execute: (input) => {
          city = input.city;
          return RESULT;
        },
      });
      const { text } = await generateText({
        model: provider(model),
        prompt: WEATHER,
        tools: { get_weather },
        stopWhen: isStepCount(2),
        maxRetries,
      });
      return { city, answer: text };
    },
    async structured(model) {
      const output = Output.object({ schema: jsonSchema<{ city: string }>(CITY_SCHEMA) });
      return (await generateText({ model: provider(model), prompt: HELLO, output, maxRetries })).output;
    },
    async image(model) {
      const content = [
        { type: 'text' as const, text: LOOK },
        { type: 'file' as const, data: Buffer.from(PNG, 'base64'), mediaType: 'image/png' },
      ];
      const messages = [{ role: 'user' as const, content }];
      return (await generateText({ model: provider(model), messages, maxRetries })).text;
    },
    async embeddings(model) {
      const { embedding } = await embed({
        model: provider.embeddingModel(model),
        value: HELLO,
        providerOptions: { gateway: { dimensions: 8 } },
        maxRetries,
      });
      return embedding;
    },
    isError: (error, status) => APICallError.isInstance(error) && error.statusCode === status,
  };
}
