// A guard of one's own is asked about every request; when it does not answer, the config says what becomes of the call.
import { expect, it } from 'vitest';
import { aiGateway, chat, errorOf, lineOf, rawProvider } from '../helpers/ai.ts';

const COMPLETION = '{"choices":[{"message":{"content":"a"},"finish_reason":"stop"}]}';
const json = { 'content-type': 'application/json' };
const model = () => rawProvider((response) => response.writeHead(200, json).end(COMPLETION));
const ask = (content: string) => ({ model: 'smart', messages: [{ role: 'user', content }] });

const guard = () =>
  rawProvider((response, { body }) => {
    const { texts } = JSON.parse(String(body)) as { texts: { text: string }[] };
    const said = texts.map(({ text }) => text).join('\n');
    if (said.includes('silent')) return;
    if (said.includes('fails')) return void response.writeHead(500).end();
    if (said.includes('moved'))
      return void response.writeHead(307, { location: 'http://127.0.0.1:1/' }).end();
    if (said.includes('garbage')) return void response.writeHead(200).end('{"action":"perhaps"}');
    const isBad = said.includes('bad');
    response
      .writeHead(200, json)
      .end(JSON.stringify(isBad ? { action: 'block', rule: 'toxicity' } : { action: 'allow' }));
  });

it('lets through and blocks as the guard says, which sees who said what', async () => {
  const [provider, service] = [await model(), await guard()];
  const gateway = await aiGateway([provider], {
    policies: [{ 'guard-webhook': { url: service.url, token: 't0k' } }],
  });
  expect((await chat(gateway, ask('good'))).status).toBe(200);
  expect(service.taken[0]?.headers.authorization).toBe('Bearer t0k');
  expect(JSON.parse(String(service.taken[0]?.body))).toMatchObject({
    consumer: 'app',
    texts: [{ role: 'user', text: 'good' }],
  });
  const answer = await chat(gateway, ask('bad'));
  expect(errorOf(answer).code).toBe('content_filtered');
  expect((await lineOf(gateway, answer)).guards).toEqual(['guard-webhook request blocked toxicity']);
  expect(provider.taken).toHaveLength(1);
});

it.each([
  'silent',
  'fails',
  'moved',
  'garbage',
])('a guard that is %s refuses, or lets everything through', async (how) => {
  const [provider, service] = [await model(), await guard()];
  const settings = { url: service.url, timeout: '300ms' };
  const closed = await aiGateway([provider], { policies: [{ 'guard-webhook': settings }] });
  const refused = await chat(closed, ask(how));
  expect([refused.status, errorOf(refused).code]).toEqual([503, 'guard_unavailable']);
  expect(provider.taken).toHaveLength(0);
  expect(await closed.metric('gateway_policy_degraded_total', { what: 'fail_closed' })).toBe(1);
  const open = await aiGateway([provider], {
    policies: [{ 'guard-webhook': { ...settings, onFailure: 'allow' } }],
  });
  expect((await chat(open, ask(how))).status).toBe(200);
  expect(await open.metric('gateway_policy_degraded_total', { what: 'fail_open' })).toBe(1);
});
