// A provider's account keeps files, batches and answers for all who use its key: of several consumers none sees, changes or
// deletes another's through it, unless the config says that they may.
import { expect, it } from 'vitest';
import { aiGateway, CLIENT_KEY, rawProvider } from '../helpers/ai.ts';

const json = { 'content-type': 'application/json' };
const RIVAL = { name: 'rival', keys: [] };
const MODEL = { model: 'gpt-4o-mini', messages: [] };

async function opened(settings: object, consumers: object[]) {
  const called: string[] = [];
  const provider = await rawProvider((response, _taken, { method, url }) => {
    called.push(`${method} ${url}`);
    response.writeHead(200, json).end('{"data":[]}');
  });
  const gateway = await aiGateway(
    [{ kind: 'openai', baseUrl: `${provider.url}/v1`, passthrough: true, ...settings } as never],
    { consumers },
  );
  const ask = async (method: string, path: string, headers = {}, body: object = MODEL) => {
    const answer = await fetch(`${gateway.url}/v1/providers/p0${path}`, {
      method,
      headers: { authorization: `Bearer ${CLIENT_KEY}`, ...json, ...headers },
      ...(method === 'POST' && { body: JSON.stringify(body) }),
    });
    return { status: answer.status, body: await answer.text() };
  };
  return { ask, called };
}

it('of several consumers none gets at what their account keeps for all', async () => {
  const { ask, called } = await opened({}, [RIVAL]);

  const refused = [
    await ask('GET', '/files'),
    await ask('GET', '/files/file-1/content'),
    await ask('DELETE', '/files/file-1'),
    await ask('POST', '/batches/b/cancel'),
    await ask('GET', '/chat/completions'),
    await ask('GET', '/responses/resp_1'),
    await ask('DELETE', '/responses/resp_1'),
    await ask('POST', '/vector_stores/v/search'),
    await ask('GET', '/f%69les'),
  ];
  const overridden = await ask('POST', '/chat/completions', { 'x-http-method-override': 'GET' });

  expect(refused.map(({ status }) => status)).toEqual(refused.map(() => 403));
  for (const { body } of refused) {
    const { error } = JSON.parse(body) as { error: { code: string; message: string } };
    expect(error.code).toBe('not_authorized');
    expect(error.message).toContain('passthroughPaths of ai.providers.p0');
  }
  expect(overridden.status).toBe(400);
  expect(called).toEqual([]);
  expect((await ask('POST', '/chat/completions')).status).toBe(200);
  expect((await ask('GET', '/models')).status).toBe(200);
  expect(called).toEqual(['POST /v1/chat/completions', 'GET /v1/models']);
});

it('nor begins, at everybody’s cost, what nobody may fetch', async () => {
  const [shared, alone] = [await opened({}, [RIVAL]), await opened({}, [])];
  const ways: [path: string, body: object][] = [
    ['/responses', { ...MODEL, background: true }],
    ['/chat/completions', { ...MODEL, deferred: true }],
    ['/models/veo-3.0:predictLongRunning', { instances: [] }],
  ];

  for (const [path, body] of ways) {
    const refused = await shared.ask('POST', path, {}, body);
    expect(refused.status).toBe(403);
    expect(refused.body).toContain('passthroughPaths of ai.providers.p0');
    expect((await alone.ask('POST', path, {}, body)).status).toBe(200);
  }
  expect(shared.called).toEqual([]);
  const now = await shared.ask('POST', '/responses', {}, { ...MODEL, background: false });
  expect(now.status).toBe(200);
});

it('the only consumer has the account for itself, and several share what the config says', async () => {
  const [alone, sharing] = [
    await opened({}, []),
    await opened({ passthroughPaths: ['/files', '/files/*'] }, [RIVAL]),
  ];
  expect((await alone.ask('GET', '/files')).status).toBe(200);
  expect((await sharing.ask('GET', '/files')).status).toBe(200);
  expect((await sharing.ask('DELETE', '/files/file-1')).status).toBe(200);
  expect((await sharing.ask('GET', '/batches')).status).toBe(404);
});
