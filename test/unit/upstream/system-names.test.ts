import { Resolver } from 'node:dns/promises';
import { expect, it } from 'vitest';
import { directNames } from '../../../src/upstream/direct-names.ts';
import { SystemNames, type SystemNamesOptions } from '../../../src/upstream/system-names.ts';
import { nameServer } from '../../helpers/name-server.ts';

const at = (address: string) => [{ address, family: 4 }];
const never = () => new Promise<never>(() => undefined);
/** The system's way, with as many threads as it has: names of `.dead` keep theirs for ever. */
function system(threads = 2) {
  const queue: (() => void)[] = [];
  let running = 0;
  const asked: string[] = [];
  return {
    asked,
    async lookUp(hostname: string) {
      asked.push(hostname);
      if (running >= threads) await new Promise<void>((resolve) => queue.push(resolve));
      running++;
      if (hostname.endsWith('.dead')) await never();
      running--;
      queue.shift()?.();
      return at('10.0.0.1');
    },
  };
}
const names = (options: Partial<SystemNamesOptions>): SystemNames =>
  new SystemNames({
    ...{ lookUp: system().lookUp, direct: never, threads: 2, helpAfterMs: 3_600_000 },
    giveUpAfterMs: 3_600_000,
    ...options,
  });
/** What can't end is not waited for. */
const begin = (ends: Promise<unknown>): void => void ends.catch(() => undefined);

it('names of a dead zone leave the system to those that were found before', async () => {
  const { lookUp, asked } = system();
  const { resolve } = names({ lookUp });
  expect(await resolve('shop.test')).toEqual(at('10.0.0.1'));
  for (let i = 0; i < 50; i++) begin(resolve(`${i}.dead`));
  expect(await resolve('shop.test')).toEqual(at('10.0.0.1'));
  expect(asked).toEqual(['shop.test', '0.dead', 'shop.test']);
});

it('those that were never found are helped past it', async () => {
  const { resolve } = names({
    helpAfterMs: 5,
    direct: (hostname) => (hostname.endsWith('.dead') ? never() : Promise.resolve(at('10.0.0.2'))),
  });
  for (let i = 0; i < 50; i++) begin(resolve(`${i}.dead`));
  expect(await resolve('shop.test')).toEqual(at('10.0.0.2'));
});

it('the system has the last word about what the direct way does not know, and not for ever', async () => {
  const direct = () => Promise.reject(new Error('no such name'));
  const slow = names({
    helpAfterMs: 1,
    direct,
    lookUp: () => new Promise((resolve) => setTimeout(resolve, 20, at('10.0.0.3'))),
  });
  const [first, second] = [slow.resolve('printer.local'), slow.resolve('printer.local')];
  expect(first, 'one question for all who ask').toBe(second);
  expect(await first).toEqual(at('10.0.0.3'));
  const dead = names({ helpAfterMs: 1, giveUpAfterMs: 10, direct });
  await expect(dead.resolve('a.dead')).rejects.toMatchObject({ code: 'EAI_AGAIN' });
  const failing = names({ lookUp: () => Promise.reject(new Error('SERVFAIL')) });
  await expect(failing.resolve('a.test')).rejects.toThrow('SERVFAIL');
});

it('the direct way knows hosts file and search domains, and gives all addresses or none', async () => {
  const server = await nameServer({
    'shop.test': { addresses: ['10.0.0.4', '10.0.0.5'], ttl: 9 },
    'db.svc.test': { addresses: ['10.0.0.6'], ttl: 9 },
    'broken.test': { refused: 2 },
  });
  const resolver = new Resolver({ timeout: 20_000, tries: 1 });
  resolver.setServers([server.address]);
  const direct = directNames({
    resolver,
    hosts: async () => '# ours\n127.0.0.1 localhost\n10.1.1.1  pinned.test  Pinned # 1\n::1 localhost\n',
    configuration: async () => 'nameserver 9.9.9.9\nsearch a.test svc.test\noptions edns0 ndots:2\n',
  });
  expect(await direct('pinned')).toEqual(at('10.1.1.1'));
  expect(await direct('localhost')).toEqual([...at('127.0.0.1'), { address: '::1', family: 6 }]);
  expect(server.asked, 'without the DNS').toEqual([]);
  expect((await direct('shop.test')).map(({ address }) => address).sort()).toEqual(['10.0.0.4', '10.0.0.5']);
  expect(await direct('db')).toEqual(at('10.0.0.6'));
  await expect(direct('nowhere.test')).rejects.toMatchObject({ code: 'ENOTFOUND' });
  await expect(direct('broken.test.')).rejects.toMatchObject({ code: 'ESERVFAIL' });
});
