// Conversations in a Redis that lets keys go, or that older replicas write to as well.
import { expect, it, onTestFinished, vi } from 'vitest';
import type { StoreEvent } from '../../src/stores/index.ts';
import { type RedisServerOptions, startRedis, until } from '../helpers/redis-server.ts';
import { openRedis } from '../helpers/redis-store.ts';
import { commitOptions, DAY, draft, newId, reserveOptions, speakerIn } from './session-drafts.ts';

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

const LONG = 3_600_000;
const ref = { tenant: 'app', session: 's1' };
const key = (part: string) => `hypercare:c:{app:s1}:${part}`;

async function open(options?: RedisServerOptions) {
  const server = await startRedis(options);
  onTestFinished(() => server.stop());
  const events: StoreEvent[] = [];
  const onEvent = (event: StoreEvent) => void events.push(event);
  const store = await openRedis(server.url, { onEvent });
  onTestFinished(() => store.close());
  return { server, sessions: store.sessions, events, ...speakerIn(() => store) };
}

it.each(['t', 'i', 'm'])('a life of which Redis has let go a part is over (:%s)', async (part) => {
  const { server, sessions, add, ...store } = await open();
  await add(ref, draft('one'));
  const held = await store.open(ref);
  expect(await server.cli('del', key(part))).toBe('1');
  expect((await sessions.read(ref))?.head.state).toBe(part === 'm' ? undefined : 'expired');
  expect((await sessions.commit(ref, commitOptions(draft('late'), held))).kind).toBe('gone');
  expect((await sessions.reserve(ref, reserveOptions(newId(), { create: false }))).kind).toBe('unknown');
  const anew = { isNew: true, reset: 'version_regressed', turns: [], head: { state: 'active', version: 0 } };
  expect(await store.open(ref)).toMatchObject(anew);
  expect(await add(ref, draft('two'))).toMatchObject({ kind: 'committed', version: 1 });
  // What is left of it is erased like all of it.
  expect(await server.cli('del', key(part))).toBe('1');
  expect(await sessions.erase(ref)).toBe(true);
  const left = await server.cli('exists', ...['t', 's', 'i', 'l'].map(key));
  expect([left, await sessions.erase(ref)]).toEqual(['0', false]);
});

it.each(['t', 'i'])('of one that was somebody else’s nobody else is told so (:%s)', async (part) => {
  const { server, sessions, ...store } = await open();
  const whose = async (owner: string) => {
    const { isNew, reset } = await store.open(ref, { owner });
    return { isNew, reset };
  };
  const loses = async () => {
    const turn = draft('one');
    await sessions.commit(ref, commitOptions(turn, await store.open(ref, { turn: turn.id, owner: 'u1' })));
    expect(await server.cli('del', key(part))).toBe('1');
  };
  await loses();
  expect(await whose('u1')).toEqual({ isNew: true, reset: 'version_regressed' });
  await loses();
  expect(await whose('u2')).toEqual({ isNew: true, reset: '' });
});

it.each(['t', 'i'])('calls of others that come to nothing leave it lost (:%s)', async (part) => {
  const { server, sessions, ...store } = await open();
  const said = draft('one');
  await sessions.commit(ref, commitOptions(said, await store.open(ref, { turn: said.id, owner: 'u1' })));
  expect(await server.cli('del', key(part))).toBe('1');
  for (const seenVersion of [0, 1, 0]) {
    const turn = newId();
    expect((await store.open(ref, { turn, owner: 'u2', seenVersion })).isNew).toBe(true);
    await sessions.release(ref, turn, '');
  }
  expect((await sessions.read(ref))?.head).toMatchObject({ owner: 'u1', state: 'expired' });
  expect(await store.open(ref, { owner: 'u1' })).toMatchObject({ isNew: true, reset: 'version_regressed' });
});

it('says once that Redis lets keys go, and nothing of one that does not', async () => {
  const { events } = await open();
  const { server, sessions, ...evicting } = await open({ args: ['--maxmemory-policy', 'volatile-lru'] });
  await until(() => evicting.events.length > 0, 'the warning');
  expect(evicting.events).toEqual([{ kind: 'evicts', policy: 'volatile-lru' }]);
  await server.cli('client', 'kill', 'type', 'normal', 'skipme', 'yes');
  await until(() => evicting.events.length === 3, 'the new connection');
  await sessions.read(ref);
  expect(evicting.events.map(({ kind }) => kind)).toEqual(['evicts', 'down', 'up']);
  expect(events).toEqual([]);
});

const noted = { owner: '', metadata: 'a note', ttlMs: LONG, maxAgeMs: LONG };

it('what was noted on a conversation goes with what was said in it', async () => {
  const { server, sessions } = await open();
  await sessions.create(ref, noted);
  expect(await server.cli('hvals', key('m'))).not.toContain('a note');
  expect(Number(await server.cli('pttl', key('i')))).toBeLessThanOrEqual(LONG + 120_000);
});

it('also where an older replica noted it, among what stays', async () => {
  const { server, sessions } = await open();
  const writes = (text: string) => server.cli('hset', key('m'), 'md', text);
  const shown = async () => (await sessions.read(ref))?.head.metadata;
  await sessions.create(ref, { ...noted, metadata: '' });
  await writes('a note');
  expect(await shown()).toBe('a note');
  expect(await server.cli('hvals', key('m'))).not.toContain('a note');
  expect(Number(await server.cli('pttl', key('i')))).toBeGreaterThan(0);
  await writes('another');
  expect([await shown(), await shown()]).toEqual(['another', 'another']);
  await writes('');
  expect(await shown()).toBe('');
  // Nobody had read it before the conversation ended.
  await writes('a last one');
  await server.cli('hset', key('m'), 'u', '1');
  expect(await shown()).toBe('');
  expect(await server.cli('hvals', key('m'))).not.toContain('a last one');
});

it('what a time that is shorter now ends sooner, Redis lets go sooner, but for what tells that it ended', async () => {
  const { server, add, ...store } = await open();
  const left = async (...parts: string[]) =>
    Promise.all(parts.map(async (part) => Number(await server.cli('pttl', key(part)))));
  await add(ref, draft('one'));
  expect(Math.min(...(await left('t', 'i', 'l')))).toBeGreaterThan(DAY);
  const isLeft = async (ms: number) => {
    const all = await left('t', 'i', 'l');
    expect(Math.max(...all)).toBeLessThanOrEqual(ms + 120_000);
    expect(Math.min(...all)).toBeGreaterThan(ms / 2);
    expect((await left('m'))[0]).toBeGreaterThan(29 * DAY);
  };
  await store.open(ref, { ttlMs: LONG });
  await isLeft(LONG);
  await store.open(ref, { maxAgeMs: LONG / 4 });
  await isLeft(LONG / 4);
});

it('finds what is somebody’s also where a failover lost what it was found by', async () => {
  const { server, sessions, events, ...store } = await open();
  const turn = draft('one');
  const from = await store.open(ref, { turn: turn.id, owner: 'ann' });
  await sessions.commit(ref, commitOptions(turn, from));
  const found = async (owner?: string) =>
    (await sessions.list('app', { owner, limit: 10 })).sessions.map(({ session }) => session);
  // As of a Cluster in which another shard has that, and its master died before it could tell its replica.
  expect(await server.cli('del', 'hypercare:c:{app}:all', 'hypercare:c:{app}:u:ann')).toBe('2');
  expect(await found('ann')).toEqual([]);
  const told = events.length;
  await server.cli('client', 'kill', 'type', 'normal', 'skipme', 'yes');
  await until(() => events.length === told + 2, 'the new connection');
  await until(async () => {
    await store.open(ref, { owner: 'ann' });
    return (await found('ann')).length === 1;
  }, 'it to be found again');
  expect([await found('ann'), await found()]).toEqual([['s1'], ['s1']]);
});

it('before the first turn there is none, though Redis counts from the end there', async () => {
  const { sessions, add, ...store } = await open();
  await add(ref, draft('one'));
  const { head, turns } = await store.open(ref);
  const [turn] = turns;
  if (!turn) throw new Error('no turn');
  for (const version of [0, -1])
    expect(await sessions.redact(ref, version, turn.content, { ...turn, content: '""' })).toBe(false);
  const { generation, edits, epoch, covered } = head;
  const none = { epoch: 1, covered: 0, coveredTurn: turn.id, tokens: 1, at: 1, content: '"nothing"' };
  expect(await sessions.summarize(ref, { generation, edits, epoch, covered }, none)).toBe(false);
  expect(await sessions.read(ref)).toMatchObject({ head: { epoch: 0, edits: 0 }, turns });
});
