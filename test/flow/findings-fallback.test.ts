import { expect, it } from 'vitest';
import { admin } from '../helpers/admin.ts';
import { chat, PROVIDER_KEY, rawProvider } from '../helpers/ai.ts';
import { backend } from '../helpers/backend.ts';
import type { TestGateway } from '../helpers/gateway.ts';
import { tickedGateway } from '../helpers/ticks.ts';

const USERS = 8;

interface Told {
  id: string;
  cause: { kind: string; sentence: string };
  actions: { n: number; kind: string; dryRun: { ok: boolean } }[];
}

/** The finding of a fallback that stood by; undefined while there is none. */
const unused = async (gateway: TestGateway): Promise<Told | undefined> =>
  (await admin(gateway, '/api/findings')).body.findings.find(
    ({ what }: { what: { signal: string } }) => what.signal === 'unused-fallback',
  );

it('a status that a route’s fallback is not for is found, and its action lets the fallback stand in', async () => {
  let status = 200;
  const upstream = await backend((_, response) => response.writeHead(status).end('itself'));
  const gateway = await tickedGateway({
    upstreams: { shop: { targets: [{ url: upstream.url }] } },
    routes: [
      {
        name: 'shop',
        match: { path: '/shop/*' },
        upstream: 'shop',
        fallback: { status: 200, body: 'instead' },
      },
    ],
  });
  const visit = (user: number): Promise<Response> =>
    fetch(`${gateway.url}/shop/x`, { headers: { 'x-user-id': `user-${user}` } });
  const traffic = () =>
    Promise.all(Array.from({ length: USERS }, async (_, user) => (await visit(user)).arrayBuffer()));
  await gateway.pass(6, traffic);
  status = 507;
  const finding = await gateway.until(() => unused(gateway), traffic);
  expect(finding).toMatchObject({
    detector: 'silent-failure',
    reason: 'status_507',
    where: { scopes: [{ route: 'shop' }] },
    cause: { kind: 'config', sentence: expect.stringContaining('is not for status 507') },
    actions: [{ kind: 'widen-fallback', dryRun: { ok: true } }],
  });
  expect((await visit(1)).status).toBe(507);
  await admin(gateway, `/api/findings/${finding.id}/actions/${finding.actions[0]?.n}/apply`, {
    method: 'POST',
  });
  const answer = await visit(1);
  expect([answer.status, await answer.text()]).toEqual([200, 'instead']);
});

it('a fallback model that can’t take what is asked is found, at the model that it would stand in for', async () => {
  let isWell = true;
  const provider = await rawProvider((response) => {
    response.writeHead(isWell ? 200 : 503, { 'content-type': 'application/json' });
    response.end(
      isWell
        ? JSON.stringify({
            object: 'list',
            model: 'text-embedding-3-small',
            data: [{ object: 'embedding', index: 0, embedding: [0.1] }],
            usage: { prompt_tokens: 1, total_tokens: 1 },
          })
        : '{"error":{"message":"ill"}}',
    );
  });
  const gateway = await tickedGateway({
    ai: {
      providers: {
        p: { kind: 'openai', baseUrl: `${provider.url}/v1`, apiKey: PROVIDER_KEY },
        // It makes no vectors.
        q: { kind: 'anthropic', baseUrl: provider.url, apiKey: PROVIDER_KEY },
      },
      models: {
        vectors: { targets: [{ provider: 'p', model: 'text-embedding-3-small' }], fallback: ['spare'] },
        spare: { targets: [{ provider: 'q', model: 'claude-haiku-4-5' }] },
      },
    },
  });
  const traffic = async () => {
    for (let user = 0; user < USERS; user++)
      await chat(
        gateway,
        { model: 'vectors', input: 'one' },
        { 'x-user-id': `user-${user}` },
        '/v1/embeddings',
      );
  };
  await gateway.pass(6, traffic);
  isWell = false;
  expect(await gateway.until(() => unused(gateway), traffic)).toMatchObject({
    reason: 'unable',
    where: { scopes: [{ model: 'vectors' }] },
    cause: { kind: 'config', sentence: expect.stringContaining('The fallback of model vectors') },
  });
});
