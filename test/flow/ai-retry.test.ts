// A call that failed is tried again where that is worth it: each try reaches the provider once, and only before the
// first byte. A breaker counts what broke in the middle, too.
import type { ServerResponse } from 'node:http';
import { expect, it } from 'vitest';
import {
  aiGateway,
  asAnthropic,
  chat,
  DONE,
  errorOf,
  event,
  hello,
  lineOf,
  ROLE,
  rawProvider,
  STOP,
  STREAM_HEADERS,
  sdk,
  word,
} from '../helpers/ai.ts';
import { eventually } from '../helpers/gateway.ts';
import { loopTurns } from '../helpers/loop-turns.ts';

const json = { 'content-type': 'application/json' };
const COMPLETION = '{"choices":[{"message":{"content":"a"},"finish_reason":"stop"}]}';
const ok = (response: ServerResponse): void => void response.writeHead(200, json).end(COMPLETION);
const refuse = (response: ServerResponse, status: number, headers: object = {}): void =>
  void response.writeHead(status, { ...json, ...headers }).end('{"error":{"message":"no"}}');
const stream = (response: ServerResponse): void =>
  void response.writeHead(200, STREAM_HEADERS).end(`${ROLE}${word('a')}${STOP}${DONE}`);
/** Behind its first words: they have been read by themselves. */
const breaks = (response: ServerResponse): void => {
  response.writeHead(200, STREAM_HEADERS).write(`${ROLE}${word('a')}`);
  setTimeout(async () => {
    await loopTurns();
    response.destroy();
  }, 20);
};

const model = (own: object) => ({
  retried: { targets: [{ provider: 'p0', model: 'gpt-4o-mini' }], fallback: ['backup-1'], ...own },
});
const ask = (isStream = false) => ({ ...hello(isStream), model: 'retried' });

it('the same target is asked again after a pause when there is no other: attempts, and not one more', async () => {
  const provider = await rawProvider((response) => refuse(response, 502));
  const gateway = await aiGateway([provider], {
    models: { retried: { targets: [{ provider: 'p0', model: 'gpt-4o-mini' }], retry: { attempts: 3 } } },
  });

  const answer = await chat(gateway, ask());

  expect(answer.status).toBe(502);
  expect(provider.taken).toHaveLength(3);
  expect(answer.headers['x-gateway-attempts']).toBe('3');
  expect(await lineOf(gateway, answer)).toMatchObject({ attempts: 3, retries: 2 });
});

it('retries and fallbacks add up, they do not multiply', async () => {
  const [first, second] = [
    await rawProvider((response) => refuse(response, 503)),
    await rawProvider((response) => refuse(response, 503)),
  ];
  const gateway = await aiGateway([first, second], { models: model({ retry: { attempts: 2 } }) });

  const answer = await chat(gateway, ask());

  expect([first.taken.length, second.taken.length]).toEqual([2, 1]);
  expect(await lineOf(gateway, answer)).toMatchObject({ attempts: 3, retries: 1 });
});

it('a Retry-After is waited for up to maxWait; a longer one is not, and the fallback answers', async () => {
  let wait = '0.05';
  const provider = await rawProvider((response) =>
    provider.taken.length === 1 || wait === '30'
      ? refuse(response, 429, { 'retry-after': wait })
      : ok(response),
  );
  const gateway = await aiGateway([provider, await rawProvider(ok)], {
    models: model({ retry: { attempts: 2, maxWait: '1s' } }),
  });

  expect((await chat(gateway, ask())).headers['x-gateway-target']).toBe('p0/gpt-4o-mini');
  wait = '30';
  expect((await chat(gateway, ask())).headers['x-gateway-target']).toBe('p1/gpt-4o-mini');
  expect(provider.taken).toHaveLength(3);
});

it('by default another target is asked also where one refuses connections or resets them', async () => {
  const closed = await rawProvider(() => undefined);
  await closed.close();
  const resets = await rawProvider((response) => void response.destroy());
  const beside = (bad: string) => ({
    targets: [bad, 'p2'].map((provider) => ({ provider, model: 'gpt-4o-mini' })),
    // A share of so few calls would be little.
    retry: { budget: '100%' },
  });
  const gateway = await aiGateway([closed, resets, await rawProvider(ok)], {
    models: { refusing: beside('p0'), resetting: beside('p1') },
  });

  const statuses = [];
  for (const name of ['refusing', 'refusing', 'refusing', 'resetting', 'resetting', 'resetting'])
    statuses.push((await chat(gateway, { ...hello(), model: name })).status);

  expect(statuses).toEqual(Array(6).fill(200));
});

it('what `on` does not name is not tried again', async () => {
  const provider = await rawProvider((response) => refuse(response, 500));
  const gateway = await aiGateway([provider, await rawProvider(ok)], {
    models: model({ retry: { attempts: 3, on: [429] } }),
  });

  expect((await chat(gateway, ask())).status).toBe(200);
  expect(provider.taken).toHaveLength(1);
});

it('a stream is retried before its first byte and never after', async () => {
  const provider = await rawProvider((response) =>
    provider.taken.length === 1 ? refuse(response, 503) : breaks(response),
  );
  const backup = await rawProvider(stream);
  const gateway = await aiGateway([provider, backup], { models: model({ retry: { attempts: 3 } }) });

  const answer = await chat(gateway, ask(true));

  expect(provider.taken).toHaveLength(2);
  expect(backup.taken).toHaveLength(0);
  expect(answer.body.toString()).toContain('upstream_truncated');
  expect(await lineOf(gateway, answer)).toMatchObject({ outcome: 'truncated', attempts: 2, retries: 1 });
});

it('the breaker opens on streams that broke in the middle, and the fallback answers', async () => {
  const provider = await rawProvider(breaks);
  const gateway = await aiGateway([provider, await rawProvider(stream)], {
    models: model({ breaker: { errorRate: '50%', minRequests: 4, window: '1m', open: '1m' } }),
  });

  const targets: unknown[] = [];
  for (let i = 0; i < 8; i++) targets.push((await chat(gateway, ask(true))).headers['x-gateway-target']);

  expect(targets.slice(-4)).toEqual(Array.from({ length: 4 }, () => 'p1/gpt-4o-mini'));
  expect(provider.taken.length).toBeLessThan(8);
  const asked = provider.taken.length;
  expect(gateway.lines).toContainEqual(expect.objectContaining({ kind: 'breaker', to: 'open' }));
  expect(await gateway.reload()).toBe(true);
  const answer = await chat(gateway, ask(true));
  expect(await lineOf(gateway, answer)).toMatchObject({ breaker: 'open', fallback: 'backup-1' });
  expect(provider.taken, 'a reload does not close it').toHaveLength(asked);
});

it('one probe closes the breaker; without a fallback an open one is a 503 with Retry-After', async () => {
  let isWell = false;
  const provider = await rawProvider((response) => (isWell ? ok(response) : refuse(response, 500)));
  const targets = [{ provider: 'p0', model: 'gpt-4o-mini' }];
  const breaker = { errorRate: '50%', minRequests: 2, window: '1m', open: '2s' };
  const gateway = await aiGateway([provider], { models: { retried: { targets, breaker } } });

  for (let i = 0; i < 2; i++) await chat(gateway, ask());
  const refused = await chat(gateway, ask());
  expect(refused.status).toBe(503);
  expect(refused.headers['retry-after']).toMatch(/^[12]$/);
  expect(provider.taken).toHaveLength(2);

  isWell = true;
  await eventually(async () => (await chat(gateway, ask())).status === 200);
  expect((await chat(gateway, ask())).status).toBe(200);
});

it('what a provider may bill of an attempt that timed out is on the bill of the call', async () => {
  const hangs = await rawProvider(() => undefined);
  const gateway = await aiGateway([hangs, await rawProvider(ok)], {
    models: model({ timeouts: { total: '500ms' } }),
    prices: {
      'p0/gpt-4o-mini': { input: 1_000_000, output: 0 },
      'p1/gpt-4o-mini': { input: 0, output: 0 },
    },
  });

  const answer = await chat(gateway, ask());

  const line = await lineOf(gateway, answer);
  expect(line).toMatchObject({ outcome: 'fallback_used', usage_source: 'estimated', attempts: 2 });
  expect(line.usd, 'a dollar a token of the prompt').toBeGreaterThanOrEqual(1);
});

it('an attempt that timed out is on the bill once, though the client leaves while its tokens are counted', async () => {
  let isWell = false;
  const client = new AbortController();
  const provider = await rawProvider((response) => {
    if (isWell) ok(response);
    else response.once('close', () => client.abort());
  });
  const gateway = await aiGateway([provider], {
    models: {
      retried: {
        targets: [{ provider: 'p0', model: 'gpt-4o-mini' }],
        timeouts: { total: '3s' },
        retry: { attempts: 1 },
      },
    },
  });
  // So long that counting it takes a while.
  const content = 'The quick brown fox jumps over the lazy dog. '.repeat(8_000);
  const long = { ...ask(), messages: [{ role: 'user', content }] };

  await sdk(gateway)
    .chat.completions.create(long as never, { signal: client.signal })
    .catch(() => undefined);

  const left = await gateway.accessLine(({ route }) => route === 'ai');
  isWell = true;
  const stayed = await lineOf(gateway, await chat(gateway, long));
  expect(stayed.usage_source).toBe('estimated');
  expect(left.tokens_in).toBe(stayed.tokens_in);
});

it('a stream that breaks off before it has said anything is asked for again', async () => {
  const provider = await rawProvider((response) => {
    if (provider.taken.length > 1) return stream(response);
    response.writeHead(200, STREAM_HEADERS).write(ROLE);
    setTimeout(() => response.destroy(), 20);
  });
  const gateway = await aiGateway([provider], { models: model({ fallback: [], retry: { attempts: 2 } }) });

  const answer = await chat(gateway, ask(true));

  expect([answer.status, answer.headers['x-gateway-attempts']]).toEqual([200, '2']);
});

it('how long a stream may be silent before it begins is firstToken’s to say, and idle’s afterwards', async () => {
  const provider = await rawProvider((response) => {
    response.writeHead(200, STREAM_HEADERS).write(ROLE);
    // undici’s own time for it may be a second late.
    setTimeout(() => response.write(word('a')), 2_500);
  });
  const gateway = await aiGateway([provider], {
    models: model({ fallback: [], timeouts: { idle: '200ms', firstToken: '20s' } }),
  });

  const answer = await chat(gateway, ask(true));

  expect([answer.status, answer.headers['x-gateway-attempts']]).toEqual([200, '1']);
  expect(answer.body.toString()).toContain('upstream_stalled');
});

it('an idle of 0s is no limit', async () => {
  const provider = await rawProvider((response) => {
    response.writeHead(200, STREAM_HEADERS).write(ROLE + word('a'));
    setTimeout(() => response.end(`${word('b')}${STOP}${DONE}`), 300);
  });
  const gateway = await aiGateway([provider], { models: model({ fallback: [], timeouts: { idle: '0s' } }) });

  const answer = await chat(gateway, ask(true));

  expect(answer.status).toBe(200);
  expect(answer.body.toString()).not.toContain('upstream_stalled');
  expect(answer.body.toString()).toContain(word('b'));
});

it.each([
  ['Anthropic', 529, { type: 'overloaded_error', message: 'Overloaded' }],
  ['Anthropic', 429, { type: 'rate_limit_error', message: 'Slow down' }],
])('a stream of %s that begins with an error is refused with %s, and asked for again', async (_who, status, error) => {
  const failing = await rawProvider((response) =>
    response
      .writeHead(200, STREAM_HEADERS)
      .end(`event: error\ndata: ${JSON.stringify({ type: 'error', error })}\n\n`),
  );
  const target = (provider: string, name = 'gpt-4o-mini') => ({ provider, model: name });
  const gateway = await aiGateway([asAnthropic(failing), await rawProvider(stream)], {
    models: {
      // Of another model, so that the key rests for this one alone.
      alone: { targets: [target('p0', 'gpt-4o')], retry: { attempts: 1 } },
      retried: { targets: [target('p0'), target('p1')], retry: { attempts: 2, budget: '100%' } },
    },
  });

  expect((await chat(gateway, { ...hello(true), model: 'alone' })).status).toBe(status);
  const cooling = { model: 'alone', reason: 'rate_limited' };
  expect(await gateway.metric('gateway_ai_target_cooling', cooling)).toBe(status === 429 ? 1 : 0);
  for (let i = 0; i < 2; i++) expect((await chat(gateway, ask(true))).status).toBe(200);
  expect(failing.taken.length, 'it was asked, and the other one then').toBeGreaterThan(1);
});

it('OpenRouter names the status of an error in a stream', async () => {
  const failing = await rawProvider((response) =>
    response.writeHead(200, STREAM_HEADERS).end(event({ error: { code: 503, message: 'No provider' } })),
  );
  const gateway = await aiGateway([failing], { models: model({ fallback: [], retry: { attempts: 2 } }) });

  expect((await chat(gateway, ask(true))).status).toBe(503);
  expect(failing.taken).toHaveLength(2);
});

it('a whole answer that says that it failed is refused with the status that it names, and its key rests by it', async () => {
  const failed = {
    id: 'r',
    output: [],
    status: 'failed',
    error: { code: 'rate_limit_exceeded', message: 'x' },
  };
  const failing = await rawProvider((response) => response.writeHead(200, json).end(JSON.stringify(failed)));
  const gateway = await aiGateway([failing], { models: model({ fallback: [] }) });

  const answer = await chat(gateway, { model: 'retried', input: 'Hello' }, {}, '/v1/responses');

  expect(answer.status).toBe(429);
  const cooling = { model: 'retried', reason: 'rate_limited' };
  expect(await gateway.metric('gateway_ai_target_cooling', cooling)).toBe(1);
});

it('sound that falls silent in the middle is a failure to the breaker', async () => {
  const provider = await rawProvider((response) =>
    response.writeHead(200, { 'content-type': 'audio/mpeg' }).write('sound'),
  );
  const gateway = await aiGateway([provider], {
    models: model({
      fallback: [],
      timeouts: { idle: '200ms' },
      breaker: { errorRate: '50%', minRequests: 4, window: '1m', open: '1m' },
    }),
  });
  const speak = () =>
    chat(gateway, { model: 'retried', voice: 'alloy', input: 'Hello' }, {}, '/v1/audio/speech');

  // There is no place in sound for words: it is cut.
  for (let i = 0; i < 4; i++) await expect(speak()).rejects.toThrow();

  expect(gateway.lines).toContainEqual(expect.objectContaining({ kind: 'breaker', to: 'open' }));
  expect((await speak()).status).toBe(503);
  expect(provider.taken).toHaveLength(4);
});

it('a stream that breaks in a conversation is a failure alone, and no success as well', async () => {
  const provider = await rawProvider(breaks);
  const gateway = await aiGateway([provider], {
    context: { enabled: true },
    models: model({ fallback: [], breaker: { errorRate: '60%', minRequests: 4, window: '1m', open: '1m' } }),
  });

  for (let i = 0; i < 8; i++) await chat(gateway, ask(true), { 'x-session-id': `s${i}` });

  expect(provider.taken.length).toBeLessThan(8);
  expect(gateway.lines).toContainEqual(expect.objectContaining({ kind: 'breaker', to: 'open' }));
});

it('a retry that there was nobody for takes nothing from the budget', async () => {
  let isBroken = false;
  const limited = await rawProvider((response) =>
    isBroken ? refuse(response, 503) : refuse(response, 429, { 'retry-after': '30' }),
  );
  const gateway = await aiGateway([limited], {
    models: model({ fallback: [], retry: { attempts: 2, maxWait: '1s', budget: '1%' } }),
  });

  for (let i = 0; i < 5; i++) await chat(gateway, ask());
  expect(limited.taken).toHaveLength(5);
  isBroken = true;
  await chat(gateway, ask());

  expect(limited.taken, 'this one is tried twice').toHaveLength(7);
});

it('a gateway that has no socket left blames no provider, and tries none for nothing', async () => {
  const provider = await rawProvider(ok);
  let isLacking = true;
  const gateway = await aiGateway(
    [{ ...provider, url: provider.url.replace('127.0.0.1', 'provider.test') }],
    {
      models: {
        retried: {
          targets: [{ provider: 'p0', model: 'gpt-4o-mini' }],
          retry: { attempts: 3 },
          breaker: { errorRate: '50%', minRequests: 2, window: '60s', open: '60s' },
        },
      },
    },
    {},
    {
      resolve: async () => {
        if (isLacking) throw Object.assign(new Error('socket EMFILE'), { code: 'EMFILE' });
        return [{ address: '127.0.0.1', family: 4 }];
      },
    },
  );
  for (let i = 0; i < 3; i++) {
    const answer = await chat(gateway, ask());
    expect([answer.status, errorOf(answer).code]).toEqual([503, 'gateway_exhausted']);
    expect(await lineOf(gateway, answer)).toMatchObject({ attempts: 1 });
  }
  isLacking = false;
  expect((await chat(gateway, ask())).status).toBe(200);
});
