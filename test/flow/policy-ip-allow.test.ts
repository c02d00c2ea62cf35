import { expect, it } from 'vitest';
import { backend } from '../helpers/backend.ts';
import { testGateway } from '../helpers/gateway.ts';

async function shop() {
  const seen: string[] = [];
  const { url } = await backend((request, response) => {
    seen.push(request.url ?? '');
    response.end('ok');
  });
  return { seen, upstreams: { shop: { targets: [{ url }] } } };
}

const route = (settings: object): object[] => [
  { name: 'things', match: { path: '/things' }, upstream: 'shop', policies: [{ 'ip-allow': settings }] },
];

/** Statuses for clients as a trusted proxy in front names them. */
async function statuses(settings: object, clients: readonly string[]) {
  const { seen, upstreams } = await shop();
  const gateway = await testGateway({
    server: { trustProxy: ['127.0.0.1'] },
    upstreams,
    routes: route(settings),
  });
  const answers: number[] = [];
  for (const client of clients) {
    const answer = await fetch(`${gateway.url}/things`, { headers: { 'x-forwarded-for': client } });
    await answer.arrayBuffer();
    answers.push(answer.status);
  }
  return { answers, gateway, seen };
}

it('who is in no allowed network stays outside, and the upstream never hears of it', async () => {
  const { answers, seen } = await statuses({ allow: ['10.0.0.0/8', '2001:db8::/32'] }, [
    '10.1.2.3',
    '11.1.2.3',
    '2001:db8::1',
    '2001:db9::1',
  ]);
  expect(answers).toEqual([200, 403, 200, 403]);
  expect(seen).toHaveLength(2);
});

it('deny wins over allow, however wide either is', async () => {
  const { answers } = await statuses({ allow: ['10.1.2.3', '10.0.0.0/8'], deny: ['10.1.0.0/16'] }, [
    '10.1.2.3',
    '10.2.2.3',
  ]);
  expect(answers).toEqual([403, 200]);
});

it('an IPv4 address is the same address in its IPv6 clothes, in clients and in rules', async () => {
  const clients = ['::ffff:10.1.2.3', '::ffff:0a01:0203', '0:0:0:0:0:FFFF:10.1.2.3', '10.1.2.3', '10.2.0.1'];
  const denied = await statuses({ deny: ['10.1.0.0/16'] }, clients);
  expect(denied.answers).toEqual([403, 403, 403, 403, 200]);
  const mapped = await statuses({ deny: ['::ffff:10.1.0.0/112'] }, clients);
  expect(mapped.answers).toEqual([403, 403, 403, 403, 200]);
});

it('a trusted proxy that is named with its port is not taken for the client', async () => {
  const { seen, upstreams } = await shop();
  const gateway = await testGateway({
    server: { trustProxy: ['127.0.0.1', '10.0.0.0/8', '2001:db8::/32'] },
    upstreams,
    routes: route({ allow: ['10.0.0.0/8', '2001:db8::/32'] }),
  });
  for (const chain of ['203.0.113.7:4711, 10.0.0.5:1234', '203.0.113.7, [2001:db8::5]:1234']) {
    const answer = await fetch(`${gateway.url}/things`, { headers: { 'x-forwarded-for': chain } });
    expect([chain, answer.status]).toEqual([chain, 403]);
  }
  expect(seen).toEqual([]);
});

it('a client whose address nobody can read is not taken for the proxy that may pass', async () => {
  const settings = { allow: ['127.0.0.0/8', '10.0.0.0/8'] };
  const { answers } = await statuses(settings, ['unknown', '_hidden', '10.0.0.1.9', '10.1.2.3']);
  expect(answers).toEqual([403, 403, 403, 200]);
});

it('::/0 is about IPv6 only', async () => {
  const { answers } = await statuses({ allow: ['::/0'] }, ['2001:db8::1', '10.1.2.3', '::ffff:10.1.2.3']);
  expect(answers).toEqual([200, 403, 403]);
});

it('a client that nobody trusts can not choose its address', async () => {
  const { upstreams } = await shop();
  const gateway = await testGateway({ upstreams, routes: route({ allow: ['10.0.0.0/8'] }) });
  const answer = await fetch(`${gateway.url}/things`, { headers: { 'x-forwarded-for': '10.1.2.3' } });
  expect(answer.status).toBe(403);
});

it('the log names the rule, the answer does not', async () => {
  const { gateway } = await statuses({ deny: ['10.9.0.0/16', '10.0.0.0/8'] }, ['10.1.2.3']);
  const line = await gateway.accessLine(({ reason }) => reason === 'address_denied');
  expect(line).toMatchObject({ status: 403, client: '10.1.2.3', detail: 'denied by 10.0.0.0/8' });
  const answer = await fetch(`${gateway.url}/things`, { headers: { 'x-forwarded-for': '10.1.2.3' } });
  expect(await answer.text()).not.toMatch(/10\.|denied by|network/);
});

it('a wrong CIDR is refused when the config is read, and named', async () => {
  const { upstreams } = await shop();
  const start = testGateway({ upstreams, routes: route({ allow: ['10.0.0.0/33'] }) });
  await expect(start).rejects.toThrow('"10.0.0.0/33"');
});
