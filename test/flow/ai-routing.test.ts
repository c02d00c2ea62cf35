// Which target a call goes to: by what it is, by who asks, and by how well the targets do.
import { expect, it } from 'vitest';
import { aiGateway, chat, hello, lineOf, modelService, rawProvider } from '../helpers/ai.ts';
import type { TestGateway } from '../helpers/gateway.ts';

const json = { 'content-type': 'application/json' };
const COMPLETION = '{"choices":[{"message":{"content":"a"},"finish_reason":"stop"}]}';
const at = (provider: string, own: object = {}) => ({ provider, model: 'gpt-4o-mini', ...own });
const image = { type: 'image_url', image_url: { url: 'data:image/png;base64,AA==' } };
const userSaid = (content: unknown) => ({ model: 'routed', messages: [{ role: 'user', content }] });
const targetOf = async (gateway: TestGateway, body: object, headers: Record<string, string> = {}) =>
  (await chat(gateway, body, headers)).headers['x-gateway-target'];

it.each([
  ['many tokens', { tokens: '>1000' }, userSaid('word '.repeat(1000)), {}],
  ['few tokens', { tokens: '<=1000' }, userSaid('word'), {}],
  ['a header', { header: { 'X-Plan': 'gold' } }, userSaid('a'), { 'x-plan': 'gold' }],
  ['the group of the consumer', { group: 'vip' }, userSaid('a'), {}],
  [
    'tools',
    { tools: true },
    { ...userSaid('a'), tools: [{ type: 'function', function: { name: 'f' } }] },
    {},
  ],
  ['an image', { image: true }, userSaid([image, { type: 'text', text: 'what is it?' }]), {}],
  ['the region', { region: 'eu' }, userSaid('a'), { 'x-region': 'eu' }],
  ['all conditions at once', { image: false, tools: false, group: 'vip' }, userSaid('a'), {}],
])('a call goes elsewhere by %s', async (_what, when, body, headers) => {
  const gateway = await aiGateway([await modelService(), await modelService()], {
    consumer: { groups: ['vip'] },
    models: { routed: { targets: [at('p0')], routes: [{ when, model: 'backup-1' }] } },
  });

  const answer = await chat(gateway, body, headers);

  expect(answer.headers['x-gateway-target']).toBe('p1/gpt-4o-mini');
  expect(await lineOf(gateway, answer)).toMatchObject({ model: 'routed', outcome: 'complete' });
});

it.each([
  ['few tokens', { tokens: '>1000' }],
  ['no header', { header: { 'x-plan': 'gold' } }],
  ['another group', { group: 'vip' }],
  ['no tools', { tools: true }],
  ['no image', { image: true }],
  ['one of two conditions only', { tools: false, region: 'eu' }],
])('a call with %s stays', async (_what, when) => {
  const gateway = await aiGateway([await modelService(), await modelService()], {
    models: { routed: { targets: [at('p0')], routes: [{ when, model: 'backup-1' }] } },
  });

  expect(await targetOf(gateway, userSaid('a'))).toBe('p0/gpt-4o-mini');
});

it('a picture in the body counts as a picture, and not as the text that its bytes would be', async () => {
  const gateway = await aiGateway([await modelService(), await modelService()], {
    models: { routed: { targets: [at('p0')], routes: [{ when: { tokens: '>2000' }, model: 'backup-1' }] } },
  });
  const url = `data:image/png;base64,${'A'.repeat(300_000)}`;
  const picture = { type: 'image_url', image_url: { url } };

  expect(await targetOf(gateway, userSaid([picture]))).toBe('p0/gpt-4o-mini');
  expect(await targetOf(gateway, userSaid([picture, picture]))).toBe('p1/gpt-4o-mini');
});

it('what a conversation said before counts too, and the pictures in it', async () => {
  const gateway = await aiGateway([await modelService(), await modelService(), await modelService()], {
    context: { enabled: true },
    models: {
      routed: {
        targets: [at('p0')],
        routes: [
          { when: { image: true }, model: 'backup-2' },
          { when: { tokens: '>1000' }, model: 'backup-1' },
        ],
      },
    },
  });
  const next = (session: string, content: unknown) =>
    targetOf(gateway, userSaid(content), { 'x-session-id': session });

  expect(await next('long', 'word '.repeat(500))).toBe('p0/gpt-4o-mini');
  expect(await next('long', 'word '.repeat(500))).toBe('p1/gpt-4o-mini');
  expect(await next('long', 'and now?')).toBe('p1/gpt-4o-mini');
  expect(await next('short', 'and now?')).toBe('p0/gpt-4o-mini');
  expect(await next('seen', [image])).toBe('p2/gpt-4o-mini');
  expect(await next('seen', 'what was it?')).toBe('p2/gpt-4o-mini');
});

/** A gateway with an alias for a model that reads 8,192 tokens, and for one that reads 128,000 when that holds. */
async function smallAndLarge(when: object) {
  const answering = () => rawProvider((response) => response.writeHead(200, json).end(COMPLETION));
  const [small, large] = [await answering(), await answering()];
  const gateway = await aiGateway([small, large], {
    context: { enabled: true },
    models: {
      routed: { targets: [at('p0', { model: 'gpt-4' })], routes: [{ when, model: 'backup-1' }] },
    },
  });
  const next = (content: string) => targetOf(gateway, userSaid(content), { 'x-session-id': 's1' });
  return { small, large, next };
}

/** 3,000 tokens. */
const LONG = 'word '.repeat(2400);

it('a conversation goes whole to the model that its length sends it to, though the one for short ones reads less', async () => {
  const { large, next } = await smallAndLarge({ tokens: '>5000' });

  expect(await next(`The code word is heron. ${LONG}`)).toBe('p0/gpt-4');
  expect(await next(LONG)).toBe('p1/gpt-4o-mini');
  expect(await next(LONG)).toBe('p1/gpt-4o-mini');
  expect(await next('What is the code word?')).toBe('p1/gpt-4o-mini');

  const prompts = large.taken.map(({ body }) => JSON.parse(body.toString()) as { messages: object[] });
  expect(prompts.map(({ messages }) => messages.length)).toEqual([3, 5, 7]);
});

it('and to one that reads less no more goes than it reads, where the other is for others', async () => {
  const { small, next } = await smallAndLarge({ header: { 'x-plan': 'gold' } });

  for (let turn = 1; turn <= 4; turn++) expect(await next(LONG)).toBe('p0/gpt-4');

  const sizes = small.taken.map(({ body }) => body.length / 4);
  expect(sizes[1]).toBeGreaterThan(6000);
  expect(Math.max(...sizes)).toBeLessThan(8192);
});

it('a session stays with its version, also after a reload', async () => {
  const gateway = await aiGateway([await modelService(), await modelService()], {
    models: {
      ab: { targets: [at('p0', { version: 'a' }), at('p1', { version: 'b' })], sticky: 'session' },
    },
  });
  const ask = (session: number) =>
    targetOf(gateway, { ...hello(), model: 'ab' }, { 'x-session-id': `s${session}` });
  const sessions = Array.from({ length: 12 }, (_, i) => i);
  const before = await Promise.all(sessions.map(ask));

  expect(new Set(before).size, 'both versions have sessions').toBe(2);
  expect(await Promise.all(sessions.map(ask))).toEqual(before);
  expect(await gateway.reload()).toBe(true);
  expect(await Promise.all(sessions.map(ask))).toEqual(before);
});

it('strategy latency moves away from a target that is slow', async () => {
  const slow = await rawProvider((response) => {
    // Far longer than the fast one takes, on a busy machine too.
    setTimeout(() => response.writeHead(200, json).end(COMPLETION), 1500);
  });
  const fast = await rawProvider((response) => response.writeHead(200, json).end(COMPLETION));
  const gateway = await aiGateway([slow, fast], {
    models: { quick: { targets: [at('p0'), at('p1')], strategy: 'latency' } },
  });

  for (let i = 0; i < 20; i++) await chat(gateway, { ...hello(), model: 'quick' });

  expect(slow.taken.length).toBeLessThan(8);
  expect(fast.taken.length).toBeGreaterThan(12);
});

it('strategy latency takes a target that refuses at once for no quick one', async () => {
  const refusing = await rawProvider((response) => response.writeHead(400, json).end('{"error":{}}'));
  const working = await rawProvider((response) => {
    setTimeout(() => response.writeHead(200, json).end(COMPLETION), 20);
  });
  const gateway = await aiGateway([refusing, working], {
    models: { quick: { targets: [at('p0'), at('p1')], strategy: 'latency' } },
  });

  for (let i = 0; i < 40; i++) await chat(gateway, { ...hello(), model: 'quick' });

  expect(working.taken.length).toBeGreaterThan(5);
});

it('a conversation that the gateway keeps is a session, though its client names none', async () => {
  const output = [
    { type: 'message', id: 'm1', role: 'assistant', content: [{ type: 'output_text', text: 'Hi' }] },
  ];
  const said = JSON.stringify({ id: 'resp_1', object: 'response', status: 'completed', output });
  const provider = () => rawProvider((response) => response.writeHead(200, json).end(said));
  const gateway = await aiGateway([await provider(), await provider()], {
    context: { enabled: true },
    models: {
      ab: { targets: [at('p0', { version: 'a' }), at('p1', { version: 'b' })], sticky: 'session' },
    },
  });
  const respond = async (previous: string | undefined) => {
    const body = { model: 'ab', input: 'Hello', ...(previous && { previous_response_id: previous }) };
    const answer = await chat(gateway, body, {}, '/v1/responses');
    const { id } = JSON.parse(answer.body.toString()) as { id: string };
    expect(answer.status).toBe(200);
    return { id, target: answer.headers['x-gateway-target'] };
  };

  const firsts = await Promise.all(Array.from({ length: 16 }, () => respond(undefined)));
  const seconds = await Promise.all(firsts.map(({ id }) => respond(id)));

  expect(new Set(firsts.map(({ target }) => target)).size, 'both versions have some').toBe(2);
  expect(seconds.map(({ target }) => target)).toEqual(firsts.map(({ target }) => target));
});
