// A chain of models may cross formats: what one provider can't do, or can't carry, the next may.
import type { ServerResponse } from 'node:http';
import { expect, it } from 'vitest';
import {
  aiGateway,
  asAnthropic,
  chat,
  errorOf,
  hello,
  lineOf,
  modelService,
  rawProvider,
  sdk,
} from '../helpers/ai.ts';

const CLAUDE = { targets: [{ provider: 'p1', model: 'claude-haiku-4-5' }] };
const json = { 'content-type': 'application/json' };
const COMPLETION = '{"choices":[{"message":{"content":"a"},"finish_reason":"stop"}]}';
const PNG = 'data:image/png;base64,iVBORw0KGgo=';

async function chain() {
  const primary = await modelService();
  const backup = await modelService('backup');
  const gateway = await aiGateway([primary, asAnthropic(backup)], { models: { 'backup-1': CLAUDE } });
  return { primary, backup, gateway };
}

it.each([true, false])('a provider of another format takes over (stream: %s)', async (stream) => {
  const { primary, backup, gateway } = await chain();
  primary.faults.set({ status: 500 });

  const answer = await chat(gateway, hello(stream));

  expect(answer.status).toBe(200);
  expect(answer.headers['content-type']).toMatch(stream ? /^text\/event-stream/ : /^application\/json/);
  expect(answer.headers['x-gateway-target']).toBe('p1/claude-haiku-4-5');
  expect(answer.body.toString()).toContain(
    stream ? '"content":"Hello!"' : 'Hello! How can I help you today?',
  );
  expect(answer.body.toString().endsWith('data: [DONE]\n\n')).toBe(stream);
  expect(await lineOf(gateway, answer)).toMatchObject({
    reason: 'ok',
    fallback: 'backup-1',
    provider: 'p1',
    attempts: 2,
    tokens_in: 4,
    tokens_out: 7,
    usage_source: 'reported',
  });
  expect(backup.stats.requests).toBe(1);
});

it('what the only model can’t carry is refused by its name, and nobody is asked', async () => {
  const service = await modelService();
  const gateway = await aiGateway([asAnthropic(service)]);

  const answer = await chat(gateway, { ...hello(), seed: 7 });

  expect(answer.status).toBe(400);
  expect(errorOf(answer)).toMatchObject({ code: 'field_not_supported', param: 'seed' });
  expect(await lineOf(gateway, answer)).toMatchObject({ reason: 'field_not_supported' });
  expect(service.stats.requests).toBe(0);
});

it('what the first model can’t carry is taken to a fallback that can', async () => {
  const [first, second] = await Promise.all([modelService('a'), modelService('b')]);
  const gateway = await aiGateway([asAnthropic(first), second]);

  const answer = await chat(gateway, { ...hello(), seed: 7 });

  expect(answer.status).toBe(200);
  expect(await lineOf(gateway, answer)).toMatchObject({ fallback: 'backup-1', attempts: 1 });
  expect(first.stats.requests).toBe(0);
});

it('that a provider failed says more than that another can’t carry the request', async () => {
  const { primary, gateway } = await chain();
  primary.faults.set({ reset: true });

  const answer = await chat(gateway, { ...hello(), seed: 7 });

  expect(errorOf(answer).code).toBe('upstream_reset');
});

it('a request that no provider could read is refused at once where it has to be read', async () => {
  const [first, second] = await Promise.all([modelService('a'), modelService('b')]);
  const gateway = await aiGateway([asAnthropic(first), second]);

  const answer = await chat(gateway, { ...hello(), temperature: 'hot' });

  expect(answer.status).toBe(400);
  expect(errorOf(answer)).toMatchObject({ code: 'body_invalid', param: 'temperature' });
  expect(second.stats.requests).toBe(0);
});

it('structured output and images reach a provider of another format', async () => {
  const service = await modelService();
  const gateway = await aiGateway([asAnthropic(service)], {
    models: { smart: { targets: [{ provider: 'p0', model: 'claude-haiku-4-5' }] } },
  });
  const schema = { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] };

  const answer = await sdk(gateway).chat.completions.create({
    model: 'smart',
    messages: [
      {
        role: 'user',
        content: [
          { type: 'text', text: 'What city is Lisbon' },
          { type: 'image_url', image_url: { url: PNG } },
        ],
      },
    ],
    response_format: { type: 'json_schema', json_schema: { name: 'place', schema } },
  });

  expect(JSON.parse(answer.choices[0]?.message.content ?? '')).toEqual({ city: 'Lisbon' });
});

it('a refusal in another format comes in the client’s shape, in the provider’s words', async () => {
  const said = { type: 'error', error: { type: 'invalid_request_error', message: 'max_tokens: too large' } };
  const provider = await rawProvider((response) =>
    response.writeHead(400, { ...json, 'anthropic-organization-id': 'org-1' }).end(JSON.stringify(said)),
  );
  const gateway = await aiGateway([asAnthropic(provider)]);

  const answer = await chat(gateway, hello());

  expect(answer.status).toBe(400);
  expect(errorOf(answer)).toMatchObject({ message: 'max_tokens: too large', type: 'invalid_request_error' });
  expect(answer.headers).not.toHaveProperty('anthropic-organization-id');
});

it('the headers of a format go to a provider that speaks it, and to no other', async () => {
  const answerOf = () =>
    rawProvider((response) =>
      response.writeHead(200, json).end(
        JSON.stringify({
          type: 'message',
          content: [{ type: 'text', text: 'Hi' }],
          stop_reason: 'end_turn',
        }),
      ),
    );
  const provider = await answerOf();
  const gateway = await aiGateway([asAnthropic(provider)]);
  const headers = { 'anthropic-beta': 'feature-2026', 'anthropic-version': '2023-01-01', 'x-other': '1' };
  const body = JSON.stringify({ ...hello(), max_tokens: 5, field_of_tomorrow: { a: 1 } });

  const native = await chat(gateway, body, headers, '/v1/messages');
  await chat(gateway, hello(), headers);

  expect(native.status).toBe(200);
  const [first, second] = provider.taken;
  expect(first?.headers).toMatchObject({
    'anthropic-beta': 'feature-2026',
    'anthropic-version': '2023-01-01',
  });
  expect(first?.headers).not.toHaveProperty('x-other');
  expect(first?.body.toString(), 'all but the model’s name as it came').toBe(
    body.replace('"smart"', '"gpt-4o-mini"'),
  );
  expect(second?.headers).toMatchObject({ 'anthropic-version': '2023-06-01' });
  expect(second?.headers).not.toHaveProperty('anthropic-beta');
});

it('a stream that fails in the provider’s own words is said so in the client’s shape', async () => {
  const event = (type: string, rest: object) =>
    `event: ${type}\ndata: ${JSON.stringify({ type, ...rest })}\n\n`;
  const usage = { input_tokens: 50, output_tokens: 1 };
  const delta = { type: 'text_delta', text: 'Once upon a time' };
  let response: ServerResponse | undefined;
  const provider = await rawProvider((given) => {
    response = given.writeHead(200, { 'content-type': 'text/event-stream' });
    given.write(event('message_start', { message: { id: 'm', model: 'c', usage } }));
    given.write(event('content_block_delta', { index: 0, delta }));
  });
  const gateway = await aiGateway([asAnthropic(provider)]);

  const answer = await sdk(gateway)
    .chat.completions.create({ model: 'smart', stream: true, messages: [{ role: 'user', content: 'Hi' }] })
    .asResponse();
  let text = '';
  for await (const chunk of answer.body?.pipeThrough(new TextDecoderStream()) ?? []) {
    text += chunk;
    if (text.includes('Once upon a time'))
      response?.end(event('error', { error: { type: 'overloaded_error', message: 'Overloaded' } }));
  }

  const last = text.trimEnd().split('\n\n').at(-1)?.slice('data: '.length) ?? '';
  expect(JSON.parse(last)).toMatchObject({
    error: { message: 'Overloaded', code: 'provider_stream_failed', type: 'server_error' },
  });
  const line = await gateway.accessLine(({ reason }) => reason === 'provider_stream_failed');
  expect(line).toMatchObject({ tokens_in: 50, usage_source: 'estimated' });
  expect(line.tokens_out).toBeGreaterThan(2);
});

it('where one target rests and the other can’t carry the request, the one that rests is asked', async () => {
  let isLimited = true;
  const first = await rawProvider((response) => {
    if (!isLimited) return void response.writeHead(200, json).end(COMPLETION);
    response.writeHead(429, { ...json, 'retry-after': '60' }).end('{"error":{"message":"slow down"}}');
  });
  const gateway = await aiGateway([first, asAnthropic(await modelService())], {
    models: { smart: { targets: [{ provider: 'p0', model: 'gpt-4o-mini' }, ...CLAUDE.targets] } },
  });

  for (let at = 0; at < 2; at++) await chat(gateway, hello());
  expect(first.taken).toHaveLength(1);
  isLimited = false;
  const answer = await chat(gateway, { ...hello(), seed: 7 });

  expect([answer.status, answer.headers['x-gateway-target']]).toEqual([200, 'p0/gpt-4o-mini']);
});
