// A client that leaves takes its call with it: the provider is told at once, and what it had said is billed.
import { request } from 'node:http';
import { type AddressInfo, createServer } from 'node:net';
import { exportPKCS8, generateKeyPair } from 'jose';
import { expect, it, onTestFinished } from 'vitest';
import { admin } from '../helpers/admin.ts';
import {
  aiGateway,
  CLIENT_KEY,
  hello,
  mayHaveMade,
  modelService,
  ROLE,
  rawProvider,
  STREAM_HEADERS,
  word,
} from '../helpers/ai.ts';
import { eventually, type TestGateway } from '../helpers/gateway.ts';

/**
 * Milliseconds in which the provider learns of it: some ten, and many more on a machine that does much else. By itself a
 * call would end after minutes.
 */
const SOON = 10_000;

/** What is held while a call runs must be given back, and what it cost be charged, once. */
const budgets = { ai: { budgets: [{ name: 'b', scope: 'consumer', usd: 1, requests: 100, per: '1d' }] } };
const settledOnce = async (gateway: TestGateway, usd: unknown): Promise<void> => {
  const used = (unit: string) => gateway.metric('gateway_budget_used_ratio', { budget: 'b', unit });
  await eventually(
    async () => (await used('requests')) === 0.01 && Math.abs((await used('usd')) - Number(usd)) < 2e-9,
  );
};

/** Asks, and leaves when `leave` says so. */
function ask(gateway: { url: string }, body: object) {
  const asked = request(`${gateway.url}/v1/chat/completions`, {
    method: 'POST',
    agent: false,
    headers: { authorization: `Bearer ${CLIENT_KEY}`, 'content-type': 'application/json' },
  });
  let received = '';
  asked.on('error', () => undefined);
  asked.on('response', (response) => {
    response.on('error', () => undefined);
    response.on('data', (chunk: Buffer) => {
      received += chunk.toString();
    });
  });
  asked.end(JSON.stringify(body));
  return { leave: () => void asked.destroy(), received: () => received };
}

it.each([
  ['before the first token of a stream', true, { slowFirstTokenMs: 60_000, latencyMs: 60_000 }],
  ['while an answer is made that is not streamed', false, { slowFirstTokenMs: 60_000 }],
])('a client leaves %s', async (_when, stream, faults) => {
  const service = await modelService();
  service.faults.set(faults);
  const gateway = await aiGateway([service], budgets);
  const client = ask(gateway, hello(stream));
  await eventually(() => service.stats.active === 1);

  client.leave();

  await eventually(() => service.stats.aborted === 1, SOON);
  const line = await gateway.accessLine(({ route }) => route === 'ai');
  expect(line).toMatchObject({ status: 499, reason: 'client_cancelled', stream });
  // The provider had the prompt, and bills it. A stream had said nothing yet; of the rest it had the time to make so much.
  expect(line.usage_source).toBe('estimated');
  expect(line.tokens_out).toBeLessThanOrEqual(stream ? 0 : mayHaveMade(line));
  expect(line.tokens_in).toBeGreaterThan(0);
  expect(await gateway.metric('gen_ai_client_token_usage_count', { gen_ai_token_type: 'input' })).toBe(1);
  expect(line.outcome).toBe('client_cancelled');
  await settledOnce(gateway, line.usd);
});

/** A token service that never answers. */
async function withoutToken(baseUrl: string) {
  let isAsked = false;
  const tokens = await rawProvider(() => {
    isAsked = true;
  });
  const { privateKey } = await generateKeyPair('RS256', { extractable: true });
  const serviceAccount = JSON.stringify({
    client_email: 'gateway@proj.iam.example',
    private_key_id: 'k1',
    private_key: await exportPKCS8(privateKey),
  });
  const provider = { kind: 'vertex', baseUrl, serviceAccount, tokenUrl: `${tokens.url}/token` };
  return { provider, isWaiting: () => isAsked };
}

/** A server that takes connections and never says a word of TLS. */
async function withoutConnection() {
  let isConnected = false;
  const server = createServer((socket) => {
    isConnected = true;
    socket.on('error', () => undefined);
    onTestFinished(() => void socket.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  const { port } = server.address() as AddressInfo;
  const provider = { kind: 'openai', baseUrl: `https://127.0.0.1:${port}/v1`, apiKey: 'k' };
  return { provider, isWaiting: () => isConnected };
}

it.each([
  ['its provider’s token is fetched', withoutToken],
  ['a connection to its provider is being made', withoutConnection],
])('a client that leaves while %s pays nothing: nobody has had its prompt', async (_when, begin) => {
  const upstream = await modelService();
  const { provider, isWaiting } = await begin(`${upstream.url}/v1`);
  const model = 'gemini-2.5-flash';
  const gateway = await aiGateway([upstream], {
    ai: { ...budgets.ai, providers: { slow: provider } },
    models: { slow: { targets: [{ provider: 'slow', model }] } },
    prices: { [`slow/${model}`]: { input: 1, output: 1 } },
  });
  const client = ask(gateway, { ...hello(), model: 'slow' });
  await eventually(isWaiting);

  client.leave();

  const line = await gateway.accessLine(({ route }) => route === 'ai');
  expect(line).toMatchObject({ reason: 'client_cancelled', outcome: 'client_cancelled', attempts: 1 });
  for (const field of ['usd', 'tokens_in', 'usage_source']) expect(line).not.toHaveProperty(field);
  await eventually(async () => {
    const { items } = (await admin(gateway, '/api/budgets')).body as {
      items: { spent: number; held: number }[];
    };
    return items.length > 0 && items.every(({ spent, held }) => spent === 0 && held === 0);
  });
  expect((await admin(gateway, '/api/usage')).body.total.calls).toBe(0);
  expect(upstream.stats.requests).toBe(0);
});

it('nor does one whose call times out before anything was sent', async () => {
  const { provider, isWaiting } = await withoutConnection();
  const target = { provider: 'slow', model: 'gpt-4o-mini' };
  const gateway = await aiGateway([await modelService()], {
    ai: { ...budgets.ai, providers: { slow: provider } },
    models: { slow: { targets: [target], timeouts: { connect: '30s', total: '400ms' } } },
  });

  ask(gateway, { ...hello(), model: 'slow' });

  const line = await gateway.accessLine(({ route }) => route === 'ai');
  await eventually(isWaiting);
  expect(line).toMatchObject({ status: 504, reason: 'upstream_timeout', outcome: 'upstream_timeout' });
  for (const field of ['usd', 'tokens_in', 'usage_source']) expect(line).not.toHaveProperty(field);
});

it('a client leaves while a provider that refused is to be asked again: a refusal is owed nothing', async () => {
  const limited = await rawProvider((response) =>
    response
      .writeHead(429, { 'content-type': 'application/json', 'retry-after': '8' })
      .end('{"error":{"message":"Slower."}}'),
  );
  const gateway = await aiGateway([limited], {
    ...budgets,
    models: {
      patient: {
        targets: [{ provider: 'p0', model: 'gpt-4o-mini' }],
        retry: { attempts: 2, maxWait: '10s' },
      },
    },
  });
  const client = ask(gateway, { ...hello(), model: 'patient' });
  await eventually(() => gateway.lines.find(({ to }) => to === 'rate_limited'));

  client.leave();

  const line = await gateway.accessLine(({ route }) => route === 'ai');
  expect(line).toMatchObject({ reason: 'client_cancelled', outcome: 'client_cancelled', attempts: 1 });
  for (const field of ['usd', 'tokens_in', 'usage_source']) expect(line).not.toHaveProperty(field);
  await settledOnce(gateway, 0);
  expect(limited.taken).toHaveLength(1);
});

it('a client leaves in the middle of a stream, and pays for what was said', async () => {
  const service = await modelService();
  service.faults.set({ betweenTokensMs: 40 });
  const gateway = await aiGateway([service], budgets);
  const client = ask(gateway, hello(true));
  await eventually(() => client.received().includes('Hello') && client.received().includes('How'));

  client.leave();

  await eventually(() => service.stats.aborted === 1, SOON);
  const line = await gateway.accessLine(({ reason }) => reason === 'client_cancelled');
  expect(line).toMatchObject({ status: 200, usage_source: 'estimated' });
  expect(line).not.toHaveProperty('finish_reason');
  expect(line.tokens_out).toBeGreaterThan(0);
  expect(line.tokens_out).toBeLessThan(9);
  expect(line.tokens_in).toBe(8);
  expect(await gateway.metric('gateway_ai_cost_usd_total')).toBeCloseTo(Number(line.usd), 9);
  expect(await gateway.metric('gen_ai_client_token_usage_count', { gen_ai_token_type: 'output' })).toBe(1);
  expect(gateway.lines.filter(({ msg }) => msg === 'request')).toHaveLength(1);
  await settledOnce(gateway, line.usd);
});

it('a client that reads slowly slows the provider, and one that leaves then ends it', async () => {
  const event = word('x'.repeat(64 * 1024));
  let sent = 0;
  let gone = false;
  const provider = await rawProvider((response) => {
    response.writeHead(200, STREAM_HEADERS).write(ROLE);
    const go = (): void => {
      while (!gone && sent < 2_000) {
        sent++;
        if (!response.write(event)) break;
      }
    };
    response.on('drain', go).once('close', () => {
      gone = true;
    });
    go();
  });
  const gateway = await aiGateway([provider]);
  const asked = request(`${gateway.url}/v1/chat/completions`, {
    method: 'POST',
    agent: false,
    headers: { authorization: `Bearer ${CLIENT_KEY}`, 'content-type': 'application/json' },
  });
  asked.on('error', () => undefined);
  asked.end(JSON.stringify(hello(true)));
  await new Promise<void>((resolve) => asked.on('response', (response) => resolve(void response.pause())));
  let before = -1;
  await eventually(async () => {
    if (before === sent) return true;
    before = sent;
    await new Promise((resolve) => setTimeout(resolve, 300));
    return false;
  });

  expect(sent, 'events of 64 kB of which all but what fits in sockets is held back').toBeLessThan(1_000);
  asked.destroy();

  await eventually(() => gone, SOON);
  const line = await gateway.accessLine(({ reason }) => reason === 'client_cancelled');
  expect(line.usage_source).toBe('estimated');
});
