// A prompt with an output schema answers JSON that fits, or says that it could not: the model gets one chance to repair.
import { expect, it } from 'vitest';
import { aiGateway, chat, errorOf, lineOf, rawProvider } from '../helpers/ai.ts';

const prompts = {
  price: {
    model: 'smart',
    version: 1,
    versions: { 1: { messages: [{ role: 'user', content: 'Price of {{item}}?' }] } },
    output: { type: 'object', required: ['usd'], properties: { usd: { type: 'number' } } },
  },
};
const prices = { 'p0/gpt-4o-mini': { input: 1_000_000, output: 1_000_000 } };

const says = (contents: string[], usage: object | null = { prompt_tokens: 10, completion_tokens: 5 }) => {
  let at = 0;
  return rawProvider((response) => {
    const content = contents[Math.min(at++, contents.length - 1)];
    response.writeHead(200, { 'content-type': 'application/json' }).end(
      JSON.stringify({
        id: 'c',
        choices: [{ index: 0, message: { role: 'assistant', content }, finish_reason: 'stop' }],
        ...(usage && { usage }),
      }),
    );
  });
};
const ask = (gateway: { url: string }, body: object = { item: 'tea' }) =>
  chat(gateway, body, {}, '/v1/prompts/price');
type Sent = { messages: { role: string; content: string }[]; response_format: { type: string } };

it('passes on an answer that fits, after one call', async () => {
  const provider = await says(['{"usd":5}']);
  const gateway = await aiGateway([provider], { ai: { prompts }, prices });
  expect((await ask(gateway)).status).toBe(200);
  expect(provider.taken).toHaveLength(1);
  expect((JSON.parse(String(provider.taken[0]?.body)) as Sent).response_format.type).toBe('json_schema');
});

it.each([
  ['reports its usage', { prompt_tokens: 10, completion_tokens: 5 }, 30],
  ['does not report its usage', null, undefined],
])('sends back one that does not, and bills both, when the provider %s', async (_, usage, usd) => {
  const provider = await says(['{"usd":"five"}', '{"usd":5}'], usage);
  const gateway = await aiGateway([provider], { ai: { prompts }, prices });
  const answer = await ask(gateway);
  expect(answer.status).toBe(200);
  expect(answer.body.toString()).toContain('{\\"usd\\":5}');
  const second = JSON.parse(String(provider.taken[1]?.body)) as Sent;
  expect(second.messages.map(({ role }) => role)).toEqual(['user', 'assistant', 'user']);
  expect(second.messages[2]?.content).toContain('/usd must be number');
  const line = await lineOf(gateway, answer);
  expect(line).toMatchObject({ outcome: 'complete', repaired: true, attempts: 2 });
  if (usd === undefined) expect(line.usage_source).toBe('estimated');
  else expect(line).toMatchObject({ usd, tokens_in: 20, tokens_out: 10, usage_source: 'reported' });
});

it('gives up on one that does not fit twice, and bills both', async () => {
  const provider = await says(['not JSON', '{"usd":null}']);
  const gateway = await aiGateway([provider], { ai: { prompts }, prices });
  const answer = await ask(gateway);
  expect([answer.status, errorOf(answer).code]).toEqual([502, 'answer_invalid']);
  expect(answer.body.toString()).not.toContain('null}');
  expect(provider.taken).toHaveLength(2);
  expect(await lineOf(gateway, answer)).toMatchObject({
    outcome: 'schema_failed',
    usd: 30,
    reason: 'answer_invalid',
  });
});

it('bills the first answer when the second never comes', async () => {
  let calls = 0;
  const provider = await rawProvider((response) => {
    if (++calls > 1) return void response.socket?.destroy();
    const choices = [{ index: 0, message: { content: 'no JSON' }, finish_reason: 'stop' }];
    response
      .writeHead(200, { 'content-type': 'application/json' })
      .end(JSON.stringify({ choices, usage: { prompt_tokens: 10, completion_tokens: 5 } }));
  });
  const gateway = await aiGateway([provider], { ai: { prompts }, prices });
  const answer = await ask(gateway);
  expect(answer.status).toBe(502);
  expect(await lineOf(gateway, answer)).toMatchObject({ usd: 15, repaired: true });
});

it('is not streamed', async () => {
  const provider = await says(['{"usd":5}']);
  const gateway = await aiGateway([provider], { ai: { prompts }, prices });
  const answer = await ask(gateway, { item: 'tea', stream: true });
  expect([answer.status, errorOf(answer).param]).toEqual([400, 'stream']);
});

it('a rule’s words that do not fit are no answer, and nobody is asked again for them', async () => {
  const provider = await rawProvider((response) =>
    response.writeHead(503, { 'content-type': 'application/json' }).end('{"error":{"message":"down"}}'),
  );
  const models = (reply: string) => ({
    smart: { targets: [{ provider: 'p0', model: 'gpt-4o-mini' }], fallback: ['written'] },
    written: { rules: [{ reply }] },
  });
  const gateway = await aiGateway([provider], { ai: { prompts }, models: models('Ask us later.') });
  expect((await ask(gateway)).status).toBe(503);
  expect(provider.taken).toHaveLength(1);
  const fitting = await aiGateway([provider], { ai: { prompts }, models: models('{"usd":5}') });
  expect((await ask(fitting)).status).toBe(200);
});

it('what a guard took out of the input fits again where it stands in its place', async () => {
  const output = { type: 'object', properties: { email: { type: 'string', format: 'email' } } };
  const provider = await says(['{"email":"[EMAIL_1]"}']);
  const gateway = await aiGateway([provider], {
    policies: [{ redact: {} }],
    ai: { prompts: { price: { ...prompts.price, output } } },
  });
  const answer = await ask(gateway, { item: 'tea for ada@example.com' });
  expect([answer.status, provider.taken.length]).toEqual([200, 1]);
  expect(String(provider.taken[0]?.body)).not.toContain('ada@');
  expect(JSON.parse(answer.body.toString()).choices[0].message.content).toBe('{"email":"ada@example.com"}');
});

it('nor is it told to the model when that is asked again', async () => {
  const output = {
    type: 'object',
    properties: { email: { type: 'string', format: 'email' }, usd: { type: 'number' } },
  };
  const provider = await says(['{"email":"[EMAIL_1]","usd":"five"}', '{"email":"[EMAIL_1]","usd":5}']);
  const gateway = await aiGateway([provider], {
    policies: [{ redact: {} }],
    ai: { prompts: { price: { ...prompts.price, output } } },
  });
  const answer = await ask(gateway, { item: 'tea for ada@example.com' });
  expect([answer.status, provider.taken.length]).toEqual([200, 2]);
  const again = String(provider.taken[1]?.body);
  expect(again).toContain('/usd must be number');
  expect(again).not.toContain('ada@');
});
