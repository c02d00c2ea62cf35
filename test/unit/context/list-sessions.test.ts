import { expect, test } from 'vitest';
import { listSessions } from '../../../src/context/list-sessions.ts';
import type { ContextPrivacy } from '../../../src/context/ports.ts';
import type { Sessions } from '../../../src/contracts/session.ts';

/** As many sessions as anybody asks for, called by their numbers; every 1500th is active. */
function endless() {
  const asked: number[] = [];
  const list: Sessions['list'] = async (_, { after, limit }) => {
    asked.push(limit);
    const sessions = Array.from({ length: limit }, (__, at) => {
      const number = Number(after?.session ?? 0) + at + 1;
      return {
        session: `${number}`,
        listedAt: 1,
        head: { state: number % 1500 === 0 ? 'active' : 'erased' },
      };
    });
    return { sessions: sessions as never, next: sessions.at(-1) };
  };
  return { asked, ports: { sessions: { list } as Sessions, privacy: {} as ContextPrivacy } };
}

test('of a state that hardly any session is in a page does not look for ever, and the next one goes on there', async () => {
  const { asked, ports } = endless();
  const find = (after?: string) =>
    listSessions(ports, { tenant: 'shop', state: 'active' }, { after, limit: 1 });
  const first = await find();
  expect(first.sessions).toEqual([]);
  const looked = asked.reduce((sum, each) => sum + each, 0);
  expect([looked <= 1100, first.next]).toEqual([true, `0 1 ${looked}`]);
  expect((await find(first.next)).sessions).toMatchObject([{ session: '1500' }]);
  // Redis reads all of a part within the time of one answer.
  expect(Math.max(...asked)).toBeLessThanOrEqual(100);
});

test('who may stand by many digests, after secrets were changed, has pages that end, with each session once', async () => {
  const formerSecrets = Array.from({ length: 11 }, (_, at) => `secret ${at}`);
  const privacy = { of: () => ({ secret: 'today', formerSecrets }) } as unknown as ContextPrivacy;
  const list: Sessions['list'] = async (_, { owner = '', after }) => {
    const sessions = ['a', 'b'].map((each) => ({
      ...{ session: `${owner} ${each}`, listedAt: 1 },
      head: { state: 'active' },
    }));
    const rest = sessions.slice(sessions.findIndex(({ session }) => session === after?.session) + 1);
    return { sessions: rest as never, next: undefined };
  };
  const ports = { sessions: { list } as Sessions, privacy };
  const found: string[] = [];
  let after: string | undefined;
  for (let page = 0; page < 24; page++) {
    const { sessions, next } = await listSessions(
      ports,
      { tenant: 'shop', user: 'ada' },
      { after, limit: 1 },
    );
    found.push(...sessions.map(({ session }) => session));
    after = next;
  }
  expect(after).toBeUndefined();
  expect(new Set(found).size).toBe(24);
});

test('what is no place of a page is refused', async () => {
  const { ports } = endless();
  for (const after of ['s1', '0 s1', '0 1 ', ' 1 s1'])
    await expect(listSessions(ports, { tenant: 'shop' }, { after, limit: 1 })).rejects.toMatchObject({
      code: 'request_invalid',
    });
});
