import type { FastifyInstance } from 'fastify';
import { GatewayError } from '../../errors/gateway-error.ts';
import { exchangeOf } from '../../record/exchange.ts';
import { type CallParts, newCall } from '../chat-call.ts';
import { openaiChat } from '../formats/openai-chat/index.ts';
import { runChat } from '../pipeline.ts';
import { buildPrompts, type Prompt } from '../prompts/prompt.ts';
import { readPromptCall } from '../prompts/read-call.ts';
import { bodyOf } from './body.ts';
import { refuseOtherMethods } from './other-methods.ts';

/**
 * `POST /v1/prompts/{name}` runs a prompt: a chat completion like any other from there on, which is answered as one.
 * `GET` says what there is.
 */
export function registerPrompts(
  scope: FastifyInstance,
  prefix: string,
  config: Parameters<typeof buildPrompts>[0],
  parts: CallParts,
): void {
  const prompts = buildPrompts(config);
  const url = `${prefix}/prompts`;
  refuseOtherMethods(scope, url, 'GET');
  refuseOtherMethods(scope, `${url}/:name`, 'GET', 'POST');
  const list = { object: 'list', data: [...prompts.values()].map(describe) };
  const find = (name: string): Prompt => {
    const prompt = prompts.get(name);
    if (!prompt) throw new GatewayError('prompt_unknown');
    return prompt;
  };
  scope.get(url, (request, reply) => {
    reply.header('x-request-id', exchangeOf(request.raw).id).send(list);
  });
  scope.get<{ Params: { name: string } }>(`${url}/:name`, (request, reply) => {
    reply.header('x-request-id', exchangeOf(request.raw).id).send(describe(find(request.params.name)));
  });
  scope.post<{ Params: { name: string } }>(`${url}/:name`, async (request, reply) => {
    const exchange = exchangeOf(request.raw);
    const body = bodyOf(request);
    const caller = exchange.consumer === '' ? `address ${exchange.client}` : `consumer ${exchange.consumer}`;
    const { call, bytes } = readPromptCall(find(request.params.name), body, request.headers, caller);
    await runChat(newCall({ ...parts, format: openaiChat, exchange, reply, bytes, prompt: call }));
    return reply;
  });
}

/** What callers may know of a prompt. */
function describe({ name, config, inputSchema }: Prompt): object {
  const weighted = Object.values(config.versions).some(({ weight }) => weight !== undefined);
  return {
    id: name,
    object: 'prompt',
    model: config.model,
    version: weighted ? null : config.version,
    versions: Object.entries(config.versions).map(([number, { weight, messages, tools }]) => ({
      version: Number(number),
      ...(weighted && { weight: weight ?? 0 }),
      ...(config.showText && { messages, ...(tools && { tools }) }),
    })),
    input: inputSchema,
    ...(config.output !== undefined && { output: config.output }),
  };
}
