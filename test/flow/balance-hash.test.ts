import { expect, it } from 'vitest';
import { backend } from '../helpers/backend.ts';
import { testGateway } from '../helpers/gateway.ts';
import { call } from '../helpers/raw-http.ts';

const USERS = Array.from({ length: 200 }, (_, i) => `user-${i}`);

it('a user stays with a target, and when one of five goes, only its own users move', async () => {
  const names = ['a', 'b', 'c', 'd', 'e'];
  const targets = await Promise.all(names.map((name) => backend((_request, response) => response.end(name))));
  const config = (urls: string[]) => ({
    upstreams: {
      up: { targets: urls.map((url) => ({ url })), balance: 'hash', hash: { by: 'header', name: 'x-user' } },
    },
    routes: [{ name: 'all', match: { path: '/*' }, upstream: 'up' }],
  });
  const urls = targets.map(({ url }) => url);
  const gateway = await testGateway(config(urls));
  const homes = async (): Promise<string[]> => {
    const found = [];
    for (const user of USERS)
      found.push((await call(gateway.url, '/', { headers: { 'x-user': user } })).body.toString());
    return found;
  };
  const first = await homes();
  expect(new Set(first)).toEqual(new Set(names));
  expect(await homes()).toEqual(first);

  await gateway.write(config(urls.toReversed().filter((url) => url !== urls[2])));
  expect(await gateway.reload()).toBe(true);
  const after = await homes();
  const moved = USERS.filter((_, i) => after[i] !== first[i]);
  expect(moved).toEqual(USERS.filter((_, i) => first[i] === 'c'));
});
