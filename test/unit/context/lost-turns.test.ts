// While a turn is answered its store fails over to one that has not the last turns, and goes on with others in their place; or
// somebody deletes and erases.
import { copyFile, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import type { Ask } from '../../../src/context/ask.ts';
import type { Erasing } from '../../../src/context/erasing.ts';
import { messageText } from '../../../src/context/prompt/message-text.ts';
import type { Message } from '../../../src/contracts/model-request.ts';
import type { Sessions } from '../../../src/contracts/session.ts';
import { type Store, StoreUnavailable } from '../../../src/contracts/store.ts';
import { openStore } from '../../../src/stores/index.ts';
import { DAY } from '../../conformance/session-drafts.ts';
import { assistant, user } from './conversations.ts';
import { ASK, conversationsOver, END, silent } from './live-turns.ts';

/** A store of two copies: what is said after the second was made is lost in it. */
async function world() {
  const folder = await mkdtemp(join(tmpdir(), 'lost-turns-'));
  const at = (name: string): Promise<Store> => openStore(`sqlite:${join(folder, name)}`);
  let store = await at('first.db');
  const secrets = await openStore('memory:');
  let reads = 0;
  let isAway = false;
  const sessions = {
    reserve: (...all: Parameters<Sessions['reserve']>) => store.sessions.reserve(...all),
    commit: (...all: Parameters<Sessions['commit']>) =>
      isAway ? Promise.reject(new StoreUnavailable('it is away')) : store.sessions.commit(...all),
    read: (...all: Parameters<Sessions['read']>) => {
      reads++;
      return store.sessions.read(...all);
    },
    list: (...all: Parameters<Sessions['list']>) =>
      isAway ? Promise.reject(new StoreUnavailable('it is away')) : store.sessions.list(...all),
    erase: (...all: Parameters<Sessions['erase']>) => store.sessions.erase(...all),
    redact: (...all: Parameters<Sessions['redact']>) => store.sessions.redact(...all),
  } as Sessions;
  const replica = () => {
    const lookedAfter: number[] = [];
    const afterTurn = ({ turn }: { turn: { version: number } }): void => void lookedAfter.push(turn.version);
    const conversations = conversationsOver(sessions, secrets.documents, { mind: { ...silent, afterTurn } });
    /**
     * @param meanwhile while it is being answered
     * @returns what was said before it, and what the client is told where that is not all
     */
    const say = async (
      text: string,
      { before = [], ...more }: Partial<Ask> & { before?: Message[] } = {},
      meanwhile?: () => Promise<void>,
    ) => {
      const ask = { ...ASK, ...more, messages: [...before, user(text)] };
      const recalled = await conversations.open(ask, () => ask);
      if (recalled.kind !== 'turn') throw new Error(recalled.kind);
      await meanwhile?.();
      await recalled.turn.commit(END);
      const { facts, id } = recalled.turn;
      const turns = (recalled.turn.input?.turns ?? []).flatMap(({ messages }) => messages.map(messageText));
      return { turns, told: facts.status === 'reset' ? facts.cause : '', version: facts.version, id };
    };
    const here = async (text: string): Promise<string[]> => (await say(text)).turns;
    return Object.assign(here, { say, conversations, lookedAfter });
  };
  onTestFinished(async () => {
    await store.close();
    await secrets.close();
    await rm(folder, { recursive: true, force: true });
  });
  return {
    replica,
    create: () => store.sessions.create(ASK.ref, { owner: '', metadata: '', ttlMs: DAY, maxAgeMs: DAY }),
    reads: () => reads,
    takesNothing: (is: boolean) => {
      isAway = is;
    },
    copies: async () => {
      await store.close();
      await copyFile(join(folder, 'first.db'), join(folder, 'second.db'));
      store = await at('first.db');
    },
    failsOver: async () => {
      await store.close();
      store = await at('second.db');
    },
  };
}

it('a process that knows turns that are lost reads the conversation anew once, and not at every turn', async () => {
  const { replica, reads, copies, failsOver } = await world();
  const here = replica();
  const there = replica();
  await here('one');
  await copies();
  await here('two');
  await here('three');
  await failsOver();
  await there('two again');
  await there('three again');
  expect(await here('four')).toEqual(['one', 'two again', 'three again']);
  const before = reads();
  expect(before).toBeGreaterThan(0);
  expect(await here('five')).toEqual(['one', 'two again', 'three again', 'four']);
  expect(await here('six')).toContain('five');
  expect(reads()).toBe(before);
});

it('turns that are lost while another is answered are missed by the next one, which is told', async () => {
  const { replica, copies, failsOver } = await world();
  const here = replica();
  await here('one');
  await copies();
  await here('two');
  expect(await here.say('three', {}, failsOver)).toMatchObject({ turns: ['one', 'two'], version: 2 });
  expect(await here.say('four')).toMatchObject({ told: 'version_regressed' });
  expect(await here.say('five')).toMatchObject({ turns: ['four'], told: '' });
});

it('who follows a response that was made from turns that are lost has those that are left', async () => {
  const { replica, copies, failsOver } = await world();
  const here = replica();
  await here('one');
  await copies();
  const two = await here.say('two');
  const three = await here.say('three', { follows: two.id, mode: 'delta' }, failsOver);
  const four = await here.say('four', { follows: three.id, mode: 'delta' });
  expect(four).toMatchObject({ turns: ['one', 'three'], told: 'version_regressed' });
});

it('a conversation whose first turn is being answered when the store loses it begins with that', async () => {
  const { replica, copies, failsOver } = await world();
  const here = replica();
  await copies();
  expect(await here.say('one', {}, failsOver)).toMatchObject({ version: 1 });
  expect(await here.say('two')).toMatchObject({ turns: ['one'], told: '' });
});

it('a person who is erased takes along what they said in a conversation of nobody that the store lost meanwhile', async () => {
  const { replica, create, copies, failsOver } = await world();
  const here = replica();
  await copies();
  await create();
  expect(await here.say('one', { user: 'ann' }, failsOver)).toMatchObject({ version: 1 });
  expect(await here('two')).toEqual(['one']);
  await here.conversations.erasing.user('app', 'ann');
  expect(await here.say('three')).toMatchObject({ turns: [], told: 'erased' });
});

it('a person who is erased takes along what waits to begin anew a conversation that the store lost', async () => {
  const { replica, copies, failsOver, takesNothing } = await world();
  const here = replica();
  await copies();
  const lost = async (): Promise<void> => {
    await failsOver();
    takesNothing(true);
  };
  expect(await here.say('one', { user: 'ann' }, lost)).toMatchObject({ version: -1 });
  takesNothing(false);
  const { erasing, behind } = here.conversations;
  expect(await erasing.user('app', 'ann')).toBe(1);
  expect(await behind.flush()).toBe(true);
  expect(await here.say('two', { user: 'ann' })).toMatchObject({ turns: [] });
});

const WAYS: readonly [string, (erasing: Erasing) => Promise<unknown>][] = [
  ['it', (erasing) => erasing.session(ASK.ref)],
  ['its user', (erasing) => erasing.user('app', 'ann')],
  ['its consumer', (erasing) => erasing.tenant('app')],
];

it.each(
  WAYS,
)('a turn that is with the model when %s is erased does not begin anew the conversation that the store lost', async (_, erase) => {
  const { replica, copies, failsOver } = await world();
  const here = replica();
  await copies();
  const meanwhile = async (): Promise<void> => {
    await failsOver();
    await erase(here.conversations.erasing);
  };
  expect(await here.say('one', { user: 'ann' }, meanwhile)).toMatchObject({ version: -1 });
  expect(await here.say('two', { user: 'ann' })).toMatchObject({ turns: [], version: 1 });
});

it.each(WAYS)('nor where that one waits for the store, and %s was erased before', async (_, erase) => {
  const { replica, copies, failsOver, takesNothing } = await world();
  const here = replica();
  await copies();
  const meanwhile = async (): Promise<void> => {
    await failsOver();
    await erase(here.conversations.erasing);
    takesNothing(true);
  };
  expect(await here.say('one', { user: 'ann' }, meanwhile)).toMatchObject({ version: -1 });
  takesNothing(false);
  expect(await here.conversations.behind.flush()).toBe(true);
  expect(await here.say('two', { user: 'ann' })).toMatchObject({ turns: [], version: 1 });
});

it('nor do others in a conversation of nobody whose speaker is erased', async () => {
  const { replica, create, copies, failsOver } = await world();
  const here = replica();
  await copies();
  await create();
  const versions: number[] = [];
  const lost = async (): Promise<void> => {
    await failsOver();
    await here.conversations.erasing.user('app', 'ann');
  };
  const bobs = async (): Promise<void> => {
    versions.push((await here.say('two', { user: 'bob' }, lost)).version);
  };
  versions.push((await here.say('one', { user: 'ann' }, bobs)).version);
  expect(versions).toEqual([-1, -1]);
  expect(await here('three')).toEqual([]);
});

it('where the store does not answer who erases it begins anew all the same', async () => {
  const { replica, copies, failsOver, takesNothing } = await world();
  const here = replica();
  await copies();
  const meanwhile = async (): Promise<void> => {
    await failsOver();
    takesNothing(true);
    await expect(here.conversations.erasing.user('app', 'ann')).rejects.toThrow(StoreUnavailable);
    takesNothing(false);
  };
  expect(await here.say('one', { user: 'ann' }, meanwhile)).toMatchObject({ version: 1 });
});

it('of what is deleted while the next turn is answered nothing is made when that is there', async () => {
  const { replica } = await world();
  const here = replica();
  await here('one');
  const meanwhile = async (): Promise<void> => {
    expect(await here.conversations.erasing.turn(ASK.ref, 1)).toBe(true);
  };
  expect(await here.say('two', {}, meanwhile)).toMatchObject({ turns: ['one'], version: 2 });
  expect(await here('three')).toEqual(['two']);
  await new Promise(setImmediate);
  expect(here.lookedAfter).toEqual([1, 3]);
});

it('who begins behind a deletion is looked after, though one in hand has read what was deleted', async () => {
  const { replica } = await world();
  const here = replica();
  await here('one');
  const [begun, over] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  let behind: Promise<unknown> | undefined;
  await here.say('two', {}, async () => {
    await here.conversations.erasing.turn(ASK.ref, 1);
    behind = here.say('three', {}, () => {
      begun.resolve();
      return over.promise;
    });
    await begun.promise;
  });
  over.resolve();
  await behind;
  await new Promise(setImmediate);
  expect(here.lookedAfter).toEqual([1, 3]);
});

it('all of a log that says otherwise what was stored is there where the store loses its conversation meanwhile', async () => {
  const { replica, copies, failsOver } = await world();
  const here = replica();
  await copies();
  await here('one');
  const log = [user('Uno.'), assistant('Yes.')];
  const two = await here.say('two', { before: log, mode: 'full' }, failsOver);
  expect(two).toMatchObject({ version: 2 });
  const three = await here.say('three', { follows: two.id, mode: 'delta' });
  expect(three).toMatchObject({ turns: ['Uno.', 'Yes.', 'two'], told: 'version_regressed' });
});
