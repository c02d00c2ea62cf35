// What is read of conversations without their turns: whose they are, and which there are of a state.
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { listSessions, type SessionsAsked } from '../../src/context/list-sessions.ts';
import { ownersOf } from '../../src/context/owner.ts';
import { openPrivacy } from '../../src/context/privacy/index.ts';
import { SessionReader } from '../../src/context/read-sessions.ts';
import type { Sessions } from '../../src/contracts/session.ts';
import type { Store } from '../../src/contracts/store.ts';
import { assistant, user } from '../unit/context/conversations.ts';
import { commitOptions, DAY, draft, newId, speakerIn } from './session-drafts.ts';
import { type Place, places } from './store-places.ts';

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

describe.each(places)('sessions on $name', ({ make }) => {
  let place: Place;
  let store: Store;

  beforeAll(async () => {
    place = await make();
    store = await place.open();
  });
  afterAll(async () => {
    await store?.close();
    await place?.remove();
  });

  const { open, add } = speakerIn(() => store);

  it('one that is somebody else’s, or has not the turn that is meant, is not there', async () => {
    const { sessions } = store;
    const ref = { tenant: 'whose', session: 's1' };
    const one = draft('one');
    await sessions.commit(ref, commitOptions(one, await open(ref, { turn: one.id, owner: 'u1' })));
    const turns = async (owner?: string, turn?: string) =>
      (await sessions.read(ref, { owner, turn }))?.turns.map(({ id }) => id);
    expect([await turns(), await turns('u1'), await turns('u1', one.id)]).toEqual([
      [one.id],
      [one.id],
      [one.id],
    ]);
    expect([await turns(''), await turns('u2', one.id), await turns('u1', newId())]).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
    await sessions.erase(ref);
    expect([await turns('u1', one.id), await turns('')]).toEqual([[], undefined]);
  });

  it('turns are read without what they say, and are the same otherwise', async () => {
    const { sessions } = store;
    const ref = { tenant: 'bare', session: 's1' };
    for (const text of ['one\ntwo', '', 'three'])
      await add(ref, draft(text, { content: JSON.stringify({ text }), journey: '{"sent":[1]}' }));
    const { turns = [], ...rest } = (await sessions.read(ref)) ?? {};
    expect(turns).toHaveLength(3);
    const bare = turns.map((turn) => ({ ...turn, content: '' }));
    expect(await sessions.read(ref, { bare: true })).toEqual({ ...rest, turns: bare });
    expect(await sessions.read(ref, { bare: true, after: 1, limit: 1 })).toEqual({
      ...rest,
      turns: [bare[1]],
    });
    expect((await sessions.read(ref, { after: 1, limit: 1 }))?.turns).toEqual([turns[1]]);
  });

  it('turns are read from one of them on, by its id', async () => {
    const { sessions } = store;
    const ref = { tenant: 'from', session: 's1' };
    const drafts = ['one', 'two', 'three', 'four'].map((said) => draft(said));
    for (const each of drafts) await add(ref, each);
    const [one, two, three, four] = drafts.map(({ id }) => id);
    const from = async (turn: string | undefined, limit = 10) =>
      (await sessions.read(ref, { turn, fromTurn: true, limit }))?.turns.map(({ id }) => id);
    expect([await from(two, 2), await from(four), await from(one, 1), await from(newId())]).toEqual([
      [two, three],
      [four],
      [one],
      undefined,
    ]);
  });

  it('to show a response nothing is read but what it says, and what was put in its place', async () => {
    const ref = { tenant: 'response', session: 's1' };
    const read: string[] = [];
    const sessions = {
      read: async (...all: Parameters<Sessions['read']>) => {
        const view = await store.sessions.read(...all);
        for (const { content } of view?.turns ?? []) if (content !== '') read.push(content);
        return view;
      },
    } as Sessions;
    const settings = { redact: [], encryptWith: '', decryptWith: [] };
    const privacy = openPrivacy(() => settings, store.documents, Date.now);
    const reader = new SessionReader(sessions, privacy);
    const says = (text: string) => JSON.stringify({ messages: [user(`${text}?`), assistant(`${text}!`)] });
    const drafts = Array.from({ length: 45 }, (_, at) => draft('', { content: says(`turn ${at}`) }));
    for (const each of drafts) await add(ref, each);
    const meant = drafts[7]?.id as string;
    const shown = async (turn: string) => {
      read.length = 0;
      const { said } = (await reader.said(ref, turn)) ?? {};
      return [said?.content, said?.correction?.content].map((content) => content && JSON.stringify(content));
    };
    expect(await shown(meant)).toEqual([says('turn 7'), undefined]);
    expect(read).toEqual([says('turn 7')]);
    // Corrected, and the correction corrected.
    const corrects = (supersedes: string, text: string) =>
      draft('', { kind: 'correction', supersedes, digests: [], content: says(text) });
    const first = corrects(meant, 'a slip');
    for (const each of [first, corrects(first.id, 'the truth'), draft('', { content: says('the last') })])
      await add(ref, each);
    expect(await shown(meant)).toEqual([says('turn 7'), says('the truth')]);
    expect(read).toEqual([says('turn 7'), says('the truth')]);
    // What failed has said nothing, and a correction is no response.
    const failed = draft('', { status: 'failed', content: says('nothing') });
    await add(ref, failed);
    for (const none of [failed.id, first.id, newId()]) expect(await reader.said(ref, none)).toBeUndefined();
    await store.sessions.erase(ref);
    expect(await reader.said(ref, meant)).toBeUndefined();
  });

  it('pages of one state are full, however many others lie between them, and the last says that it is', async () => {
    const { sessions, documents } = store;
    const privacy = openPrivacy(
      () => ({ redact: [], encryptWith: '', decryptWith: [] }),
      documents,
      Date.now,
    );
    const tenant = 'states';
    const [owner = ''] = ownersOf(await privacy.of(tenant), tenant, 'ann');
    const names = Array.from({ length: 240 }, (_, at) => `s${1000 + at}`);
    for (const session of names)
      await sessions.create({ tenant, session }, { owner, metadata: '', ttlMs: DAY, maxAgeMs: DAY });
    const live = ['s1239', 's1120', 's1119', 's1005', 's1000'];
    for (const session of names) if (!live.includes(session)) await sessions.erase({ tenant, session });
    const pages = async (asked: Omit<SessionsAsked, 'tenant'>, limit: number) => {
      const found: string[][] = [];
      let after: string | undefined;
      do {
        const page = await listSessions({ sessions, privacy }, { tenant, ...asked }, { after, limit });
        found.push(page.sessions.map(({ session }) => session));
        after = page.next;
      } while (after !== undefined);
      return found;
    };
    for (const user of [undefined, 'ann']) {
      expect(await pages({ user, state: 'active' }, 2)).toEqual([
        live.slice(0, 2),
        live.slice(2, 4),
        live.slice(4),
      ]);
      expect(await pages({ user, state: 'active' }, 5)).toEqual([live]);
      expect(await pages({ user, state: 'expired' }, 5)).toEqual([[]]);
      const erased = await pages({ user, state: 'erased' }, 100);
      expect(erased.map(({ length }) => length)).toEqual([100, 100, 35]);
      const all = await pages({ user }, 80);
      expect([all.length, all.flat()]).toEqual([3, names.toReversed()]);
    }
    expect(await pages({ user: 'bob' }, 5)).toEqual([[]]);
  });
});
