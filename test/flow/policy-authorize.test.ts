import { createHash } from 'node:crypto';
import { expect, it } from 'vitest';
import { backend } from '../helpers/backend.ts';
import { testGateway } from '../helpers/gateway.ts';
import { rawExchange } from '../helpers/raw-http.ts';

const digest = (key: string): string => createHash('sha256').update(key).digest('hex');
const consumers = ['ann', 'ben', 'cid'].map((name, i) => ({
  name,
  groups: [['staff'], ['staff', 'auditors'], []][i],
  keys: [{ id: 'k1', sha256: digest(`key-of-${name}`) }],
}));

async function guarded(rules: object[], identify: object[] = [{ 'auth-api-key': {} }]) {
  const { url } = await backend((_request, response) => void response.end('ok'));
  const gateway = await testGateway({
    consumers,
    upstreams: { shop: { targets: [{ url }] } },
    routes: [
      {
        name: 'things',
        match: { path: '/*' },
        upstream: 'shop',
        policies: [...rules.map((authorize) => ({ authorize })), ...identify],
      },
    ],
  });
  const ask = async (who: string, path = '/things', method = 'GET'): Promise<number> => {
    const answer = await fetch(gateway.url + path, { method, headers: { 'x-api-key': `key-of-${who}` } });
    await answer.arrayBuffer();
    return answer.status;
  };
  return { gateway, ask };
}

it('a member of a group may pass, and so may a consumer that is named; nobody else', async () => {
  const { gateway, ask } = await guarded([{ groups: ['auditors'], consumers: ['cid'] }]);
  expect([await ask('ann'), await ask('ben'), await ask('cid')]).toEqual([403, 200, 200]);
  const line = await gateway.accessLine(({ reason }) => reason === 'not_authorized');
  expect(line).toMatchObject({ consumer: 'ann', detail: 'wants groups auditors or consumers cid' });
});

it('the answer says nothing of the rule', async () => {
  const { gateway } = await guarded([{ groups: ['auditors'] }]);
  const answer = await fetch(gateway.url, { headers: { 'x-api-key': 'key-of-ann' } });
  expect(answer.status).toBe(403);
  expect(await answer.text()).not.toMatch(/auditors|group|ann/);
});

it('of two rules both must agree', async () => {
  const { ask } = await guarded([{ groups: ['staff'] }, { groups: ['auditors'] }]);
  expect([await ask('ann'), await ask('ben'), await ask('cid')]).toEqual([403, 200, 403]);
});

it('who has not been identified at all is asked to authenticate', async () => {
  const { gateway } = await guarded([{ groups: ['staff'] }], []);
  const answer = await fetch(gateway.url);
  expect(answer.status).toBe(401);
  expect(answer.headers.get('www-authenticate')).toBe('Bearer');
  expect(await answer.json()).toMatchObject({ code: 'auth_required' });
});

it('a rule for methods leaves the others alone, and HEAD is no way around GET', async () => {
  const { ask } = await guarded([{ groups: ['auditors'], methods: ['GET', 'DELETE'] }]);
  const asked = ['GET', 'HEAD', 'DELETE', 'POST'].map((method) => ask('ann', '/things', method));
  expect(await Promise.all(asked)).toEqual([403, 403, 403, 200]);
});

it('a rule for paths holds for what lies below them, however it is spelt', async () => {
  const { gateway } = await guarded([{ groups: ['auditors'], paths: ['/admin', '/@me/'] }]);
  const status = async (path: string): Promise<number> => {
    const [answer] = await rawExchange(
      gateway.url,
      `GET ${path} HTTP/1.1\r\nhost: x\r\nx-api-key: key-of-ann\r\nconnection: close\r\n\r\n`,
    );
    return answer?.status ?? 0;
  };
  const inside = [
    '/admin',
    '/admin/',
    '/admin/x',
    '/Admin/x',
    '/%61dmin/x',
    '//admin/x',
    '/x/../admin',
    '/admin;a=b/x',
    '/admin%3Ba=b/x',
    '/@me',
    '/%40me/x',
    '/%40ME/x',
  ];
  for (const path of inside) expect(`${path} ${await status(path)}`).toBe(`${path} 403`);
  for (const path of ['/administrator', '/x/admin', '/', '/caf%C3%A9'])
    expect(`${path} ${await status(path)}`).toBe(`${path} 200`);
});
