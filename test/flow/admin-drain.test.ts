import { expect, it } from 'vitest';
import { admin, expectProblem } from '../helpers/admin.ts';
import { backend } from '../helpers/backend.ts';
import { eventually, type TestGateway, testGateway } from '../helpers/gateway.ts';

const word = (url: string, says: string): string =>
  `/api/upstreams/shop/targets/${encodeURIComponent(url)}/${says}`;

async function twoTargets(): Promise<{
  gateway: TestGateway;
  urls: [string, string];
  isWaiting(): boolean;
  finish(): void;
}> {
  const waiting: (() => void)[] = [];
  const one = await backend((request, response) => {
    if (request.url === '/slow') waiting.push(() => response.end('one'));
    else response.end('one');
  });
  const two = await backend((_request, response) => response.end('two'));
  const gateway = await testGateway({
    upstreams: {
      shop: {
        targets: [
          { url: one.url, weight: 1000 },
          { url: two.url, weight: 1 },
        ],
      },
    },
    routes: [{ name: 'all', match: { path: '/*' }, upstream: 'shop' }],
  });
  const finish = (): void => {
    for (const answer of waiting) answer();
  };
  return { gateway, urls: [one.url, two.url], isWaiting: () => waiting.length > 0, finish };
}

async function stateOf(gateway: TestGateway, url: string): Promise<string> {
  const { items } = (await admin(gateway, '/api/upstreams')).body;
  return items[0].targets.find((target: { url: string }) => target.url === url).state;
}

it('a target is drained under load: what runs ends well, nothing new comes, no request fails', async () => {
  const { gateway, urls, isWaiting, finish } = await twoTargets();
  const [drained] = urls;
  const slow = fetch(`${gateway.url}/slow`);
  await eventually(isWaiting);
  const answers: Promise<string>[] = [];
  const load = setInterval(
    () => answers.push(fetch(`${gateway.url}/quick`).then((answer) => answer.text())),
    2,
  );
  await eventually(() => answers.length > 20);

  const answer = await admin(gateway, `${word(drained, 'drain')}?reason=new%20release`, { method: 'POST' });

  expect(answer.body).toMatchObject({ url: drained, state: 'draining', reason: 'new release' });
  const before = answers.length;
  await eventually(() => answers.length > before + 50);
  clearInterval(load);
  expect(new Set(await Promise.all(answers.slice(before + 1)))).toEqual(new Set(['two']));
  expect(await stateOf(gateway, drained)).toBe('draining');
  finish();
  expect(await (await slow).text()).toBe('one');
  await eventually(async () => (await stateOf(gateway, drained)) === 'disabled');
  expect((await Promise.all(answers)).every((text) => text === 'one' || text === 'two')).toBe(true);

  await admin(gateway, word(drained, 'enable'), { method: 'POST' });
  await eventually(async () => (await (await fetch(`${gateway.url}/quick`)).text()) === 'one');
  const { items } = (await admin(gateway, '/api/audit')).body;
  expect(items).toMatchObject([
    { action: 'enableTarget', details: { upstream: 'shop', target: drained, to: 'healthy' } },
    { action: 'drainTarget', details: { target: drained } },
  ]);
  const changes = (await admin(gateway, '/api/changes')).body.items;
  expect(changes[0]).toMatchObject({
    kind: 'target',
    subject: `shop ${drained}`,
    to: 'enabled',
    by: 'local',
  });
});

it('what an operator said of a target outlives a reload', async () => {
  const { gateway, urls } = await twoTargets();
  await admin(gateway, word(urls[0], 'disable'), { method: 'POST' });
  const patch = [{ op: 'add', path: '/routes/0/priority', value: 'high' }];
  expect(
    (await admin(gateway, '/api/revisions', { headers: { 'if-match': '*' }, body: { patch } })).status,
  ).toBe(200);
  expect(await stateOf(gateway, urls[0])).toBe('disabled');
  expect(await (await fetch(`${gateway.url}/quick`)).text()).toBe('two');
});

it('what is not there can not be drained', async () => {
  const { gateway } = await twoTargets();
  expectProblem(
    await admin(gateway, word('http://127.0.0.1:1', 'drain'), { method: 'POST' }),
    404,
    'resource_unknown',
  );
  expectProblem(
    await admin(gateway, '/api/upstreams/none/targets/x/drain', { method: 'POST' }),
    404,
    'resource_unknown',
  );
});
