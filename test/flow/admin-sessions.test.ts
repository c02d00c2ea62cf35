// Operators find conversations and take them out, on either store; to who may not know of one it takes no longer than none.
import { createHash } from 'node:crypto';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { responseId } from '../../src/context/response-id.ts';
import type { Sessions } from '../../src/contracts/session.ts';
import { RedisSessions } from '../../src/stores/redis/sessions.ts';
import { SqliteSessions } from '../../src/stores/sqlite/sessions.ts';
import { type AdminAnswer, admin } from '../helpers/admin.ts';
import { aiGateway, CLIENT_KEY, errorOf } from '../helpers/ai.ts';
import type { TestGateway } from '../helpers/gateway.ts';
import { knowingProvider } from '../helpers/knowing-provider.ts';
import { call } from '../helpers/raw-http.ts';
import { startRedis } from '../helpers/redis-server.ts';
import { send, user } from '../helpers/talk.ts';

const ON = { enabled: true };
const TURNS = 45;

interface Kind {
  readonly name: string;
  readonly kind: { readonly prototype: Sessions };
  readonly store: () => Promise<object>;
}

const stores: readonly Kind[] = [
  { name: 'memory', kind: SqliteSessions, store: async () => ({}) },
  {
    name: 'Redis',
    kind: RedisSessions,
    store: async () => {
      const redis = await startRedis();
      onTestFinished(() => redis.stop());
      return { url: redis.url, timeout: '5s' };
    },
  },
];

const talk = async (gateway: TestGateway, session: string, turns = 1) => {
  for (let at = 1; at <= turns; at++)
    await send(gateway, [user(`This is number ${at}.`)], { 'x-session-id': session }, { user: 'ann' });
};

/** What the store is asked for from now on. */
function reads({ prototype }: Kind['kind']) {
  const spy = vi.spyOn(prototype, 'read');
  onTestFinished(() => spy.mockRestore());
  return spy;
}

/** Of which turns the store has given out what they say. */
async function versionsSaid({ mock }: ReturnType<typeof reads>): Promise<number[]> {
  const views = await Promise.all(mock.results.map(({ value }) => value as ReturnType<Sessions['read']>));
  const turns = views.flatMap((view) => view?.turns ?? []);
  return turns.filter(({ content }) => content !== '').map(({ version }) => version);
}

describe.each(stores)('on $name', ({ kind, store }) => {
  it('a page of conversations in one state is full while there are that many', async () => {
    const gateway = await aiGateway([await knowingProvider()], { store: await store(), context: ON });
    const names = ['s1', 's2', 's3', 's4', 's5', 's6'];
    for (const name of names) await talk(gateway, name);
    for (const name of ['s2', 's5', 's6'])
      await admin(gateway, `/api/sessions/${name}?consumer=app`, { method: 'DELETE' });
    for (const whose of ['', '&user=ann']) {
      const find = async (after = '') => {
        const path = `/api/sessions?consumer=app${whose}&status=active&limit=2${after}`;
        const { items, next } = (await admin(gateway, path)).body as {
          items: { id: string }[];
          next?: string;
        };
        return { ids: items.map(({ id }) => id), next };
      };
      const first = await find();
      expect(first.ids).toEqual(['s4', 's3']);
      const rest = await find(`&after=${encodeURIComponent(String(first.next))}`);
      expect(rest).toEqual({ ids: ['s1'], next: undefined });
    }
  });

  it('a long conversation is exported whole or page by page, and little of it is in memory at a time', async () => {
    const gateway = await aiGateway([await knowingProvider()], { store: await store(), context: ON });
    await talk(gateway, 's1', TURNS);
    await talk(gateway, 's2');
    const spy = reads(kind);
    const path = '/api/sessions/s1/export?consumer=app';
    const whole = (await admin(gateway, path)).body;
    expect(whole).toMatchObject({ id: 's1', consumer: 'app', version: TURNS, summary: null });
    expect(whole).not.toHaveProperty('next');
    const versions = (turns: { version: number }[]) => turns.map(({ version }) => version);
    expect(versions(whole.turns)).toEqual(Array.from({ length: TURNS }, (_, at) => at + 1));
    expect(whole.turns[40]).toMatchObject({ onPath: true, reason: '', status: 'complete' });
    expect(JSON.stringify(whole.turns[40].content)).toContain('This is number 41.');
    const turns: object[] = [];
    const sizes: number[] = [];
    let next: number | undefined = 0;
    while (next !== undefined) {
      const answer: AdminAnswer = await admin(gateway, `${path}&limit=21&after=${next}`);
      const page = answer.body;
      expect({ ...page, turns: [], next: 0 }).toEqual({ ...whole, turns: [], next: 0 });
      turns.push(...page.turns);
      sizes.push(page.turns.length);
      next = page.next;
    }
    expect([sizes, turns]).toEqual([[21, 21, 3], whole.turns]);
    const ofAnn = (await admin(gateway, '/api/context/app/export?user=ann')).body;
    expect(ofAnn).toEqual({ items: [expect.objectContaining({ id: 's2' }), whole] });
    expect((await admin(gateway, '/api/context/app/export?user=bob')).body).toEqual({ items: [] });
    expect(Math.max(...spy.mock.calls.map(([, options]) => options?.limit ?? 1000))).toBeLessThanOrEqual(20);
  });

  it('of a page of turns no others are read with what they say, and it shows them as they are among all', async () => {
    const gateway = await aiGateway([await knowingProvider()], { store: await store(), context: ON });
    await talk(gateway, 's1', TURNS);
    const shown = async (view: string, page: string) =>
      (await admin(gateway, `/api/sessions/s1${view}?consumer=app&${page}`)).body;
    const { id } = (await shown('', 'limit=1&after=2')).turns[0];
    const body = { turn: id, text: 'Put right.', reason: 'it was wrong' };
    await admin(gateway, '/api/sessions/s1/corrections?consumer=app', { body });
    for (const view of ['', '/journey']) {
      const whole = await shown(view, 'limit=200');
      expect(whole.turns.map(({ onPath }: { onPath: boolean }) => onPath)).toEqual(
        Array.from({ length: TURNS + 1 }, (_, at) => at < TURNS),
      );
      for (const [after, count, next] of [
        [20, 5, 25],
        [TURNS - 2, 3, undefined],
        [TURNS + 1, 0, undefined],
      ] as const) {
        const spy = reads(kind);
        const page = await shown(view, `limit=5&after=${after}`);
        expect(page).toEqual({ ...whole, turns: whole.turns.slice(after, after + count), next });
        const shownTurns = page.turns as { version: number }[];
        // And of its ends, which tell whether it can be opened.
        const versions = [1, ...shownTurns.map(({ version }) => version), TURNS + 1];
        expect(new Set(await versionsSaid(spy))).toEqual(new Set(versions));
        spy.mockRestore();
      }
    }
  });

  it('of a page of items few turns are read with what they say', async () => {
    const gateway = await aiGateway([await knowingProvider()], { store: await store(), context: ON });
    for (let at = 1; at <= TURNS; at++) await send(gateway, [user(`This is number ${at}.`)]);
    const get = async (path: string) => {
      const headers = { authorization: `Bearer ${CLIENT_KEY}` };
      const answer = await call(gateway.url, `/v1/conversations/s1${path}`, { method: 'GET', headers });
      return JSON.parse(answer.body.toString()) as { data: { id: string }[]; has_more: boolean };
    };
    const pages = async (order: string) => {
      const ids: string[] = [];
      let more = true;
      for (let after = ''; more; after = `&after=${ids.at(-1)}`) {
        const page = await get(`/items?order=${order}&limit=17${after}`);
        ids.push(...page.data.map(({ id }) => id));
        more = page.has_more;
      }
      return ids;
    };
    const ids = await pages('asc');
    expect([ids.length, new Set(ids).size]).toEqual([2 * TURNS, 2 * TURNS]);
    expect(await pages('desc')).toEqual(ids.toReversed());
    const spy = reads(kind);
    expect((await get('/items?limit=3')).data.map(({ id }) => id)).toEqual(ids.toReversed().slice(0, 3));
    const newest = await versionsSaid(spy);
    expect(newest.length).toBeLessThanOrEqual(22);
    expect(newest).toEqual(expect.arrayContaining([TURNS, TURNS - 1]));
    spy.mockClear();
    expect(await get('')).toMatchObject({ id: 's1', object: 'conversation' });
    expect(new Set(await versionsSaid(spy))).toEqual(new Set([1, TURNS]));
  });

  it('conversations of all consumers are found, those of a person and in a state, page by page', async () => {
    const key = 'key-of-the-shop';
    const sha256 = createHash('sha256').update(key).digest('hex');
    const consumers = [{ name: 'bank' }, { name: 'shop', keys: [{ id: 'k1', sha256 }] }];
    const gateway = await aiGateway([await knowingProvider()], {
      store: await store(),
      context: ON,
      consumers,
    });
    const say = (session: string, who: string, headers = {}) =>
      send(gateway, [user('Hello.')], { 'x-session-id': session, ...headers }, { user: who });
    for (const session of ['s1', 's2', 's3']) await say(session, session === 's2' ? 'bob' : 'ann');
    for (const session of ['s1', 's2']) await say(session, 'ann', { authorization: `Bearer ${key}` });
    await admin(gateway, '/api/sessions/s1?consumer=shop', { method: 'DELETE' });
    const found = async (query: string): Promise<string[]> => {
      const ids: string[] = [];
      let after = '';
      do {
        const { body }: AdminAnswer = await admin(gateway, `/api/sessions?limit=2${query}${after}`);
        ids.push(...body.items.map(({ id, consumer }: Record<string, string>) => `${consumer} ${id}`));
        after = body.next === undefined ? '' : `&after=${encodeURIComponent(body.next)}`;
      } while (after !== '');
      return ids;
    };
    expect(await found('')).toEqual(['app s3', 'app s2', 'app s1', 'shop s2', 'shop s1']);
    expect(await found('&user=ann')).toEqual(['app s3', 'app s1', 'shop s2', 'shop s1']);
    expect(await found('&user=ann&status=active')).toEqual(['app s3', 'app s1', 'shop s2']);
    expect(await found('&status=erased')).toEqual(['shop s1']);
    expect(await found('&user=cid')).toEqual([]);
    expect(await found('&consumer=shop')).toEqual(['shop s2', 'shop s1']);
    expect((await admin(gateway, '/api/sessions?after=s1')).status).toBe(400);
  });

  it('an export that can’t be finished is cut off, and nobody takes it for the whole', async () => {
    const gateway = await aiGateway([await knowingProvider()], { store: await store(), context: ON });
    await talk(gateway, 's1', TURNS);
    const { read } = kind.prototype;
    let isBegun = false;
    const spy = vi.spyOn(kind.prototype, 'read').mockImplementation(async function (this: Sessions, ...all) {
      const view = await read.apply(this, all);
      // Once all of it was looked through it is given out; somebody erases it then.
      if (isBegun && all[1]?.after === 20) await this.erase(all[0]);
      isBegun ||= all[1]?.after === 40;
      return view;
    });
    onTestFinished(() => spy.mockRestore());
    const url = `${gateway.adminUrl}/api/sessions/s1/export?consumer=app`;
    const answer = await fetch(url);
    expect(answer.status).toBe(200);
    await expect(answer.text()).rejects.toThrow();
    expect(gateway.lines.map(({ msg }) => msg)).toContain('an export was cut off');
  });

  it('a conversation of somebody else is looked up like one that nobody knows', async () => {
    const gateway = await aiGateway([await knowingProvider()], { store: await store(), context: ON });
    await talk(gateway, 's1', 5);
    const spy = reads(kind);
    const look = async (path: string, method: string) => {
      const headers = { authorization: `Bearer ${CLIENT_KEY}` };
      const answer = await call(gateway.url, path, { method, headers });
      const { request_id: _, ...error } = errorOf(answer);
      return { status: answer.status, error, size: answer.body.length };
    };
    const turn = '0123456789abcdef01234567';
    for (const [path, method] of [
      ['/v1/conversations/ID', 'GET'],
      ['/v1/conversations/ID/items', 'GET'],
      ['/v1/conversations/ID/items', 'POST'],
      ['/v1/conversations/ID', 'DELETE'],
      ['/v1/responses/RESPONSE', 'GET'],
      ['/v1/responses/RESPONSE/input_items', 'GET'],
      ['/v1/responses/RESPONSE', 'DELETE'],
    ] as const) {
      const as = (name: string) => path.replace('ID', name).replace('RESPONSE', responseId(name, turn));
      const before = spy.mock.calls.length;
      const foreign = await look(as('s1'), method);
      const between = spy.mock.calls.length;
      expect([path, foreign]).toEqual([path, await look(as('s0'), method)]);
      expect(foreign.status).toBe(404);
      expect(between - before).toBe(spy.mock.calls.length - between);
    }
    // Nothing of it has left the store.
    const views = await Promise.all(spy.mock.results.map(({ value }) => value));
    expect(views.filter((view) => view !== undefined)).toEqual([]);
  });
});

it('of a conversation that has ended nothing is exported but that it was there', async () => {
  let now = Date.now();
  const context = { ...ON, ttl: '1h' };
  const gateway = await aiGateway([await knowingProvider()], { context }, {}, { now: () => now });
  await talk(gateway, 's1', 2);
  now += 7_200_000;
  const { status, body } = await admin(gateway, '/api/sessions/s1/export?consumer=app');
  expect([status, body]).toMatchObject([200, { id: 's1', state: 'expired', turns: [], metadata: {} }]);
  const page = (await admin(gateway, '/api/context/app/export?user=ann')).body;
  expect(page).toMatchObject({ items: [{ id: 's1', state: 'expired', turns: [] }] });
});

it('who asks for all of a person of whom nothing is known is in the audit log, and so is who erases it', async () => {
  const gateway = await aiGateway([await knowingProvider()], { context: ON });
  await talk(gateway, 's1');
  for (const who of ['bob', 'ann']) await admin(gateway, `/api/context/app/export?user=${who}`);
  await admin(gateway, '/api/sessions?consumer=app&user=bob', { method: 'DELETE' });
  const { items } = (await admin(gateway, '/api/audit')).body;
  const ofPerson = items.filter(({ details }: { details: object }) => 'user' in details);
  const [erased, ann, bob] = ofPerson.map(({ action, details }: Record<string, object>) => ({
    action,
    ...details,
  }));
  expect(ofPerson).toHaveLength(3);
  expect(erased).toMatchObject({ action: 'eraseSessionsOfUser', consumer: 'app', erased: 0 });
  expect(ann).toMatchObject({ action: 'exportSessionsOfUser', consumer: 'app', sessions: 1 });
  expect(bob).toMatchObject({ action: 'exportSessionsOfUser', consumer: 'app', sessions: 0 });
  // By what `GET /api/sessions` calls them.
  const [session] = (await admin(gateway, '/api/sessions?consumer=app')).body.items;
  expect([ann.user, bob.user]).toEqual([session.user, erased.user]);
  expect(JSON.stringify(items)).not.toMatch(/user=(ann|bob)/);
});
