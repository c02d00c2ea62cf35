import { expect, it, onTestFinished } from 'vitest';
import { correct } from '../../../src/context/correct.ts';
import { Erasing } from '../../../src/context/erasing.ts';
import { OpenedSessions } from '../../../src/context/opened-sessions.ts';
import type { OperationLog } from '../../../src/context/operation-log.ts';
import { openPrivacy } from '../../../src/context/privacy/index.ts';
import { SessionReader } from '../../../src/context/read-sessions.ts';
import { Unsure } from '../../../src/context/unsure.ts';
import type { Sessions } from '../../../src/contracts/session.ts';
import { StoreUnavailable } from '../../../src/contracts/store.ts';
import { openStore } from '../../../src/stores/index.ts';
import { commitOptions, DAY, draft, reserveOptions } from '../../conformance/session-drafts.ts';
import { assistant, user } from './conversations.ts';

const ref = { tenant: 'app', session: 's1' };

/** A conversation of one turn; a person corrects it and its client deletes it, each by the store that it is given. */
async function world() {
  const store = await openStore('memory:', { commandTimeoutMs: 1000 });
  onTestFinished(() => store.close());
  const settings = { redact: [], encryptWith: '', decryptWith: [] };
  const privacy = openPrivacy(() => settings, store.documents, Date.now);
  const operations = { now: () => 0, since: () => 0, note: () => undefined } as unknown as OperationLog;
  const content = JSON.stringify({ messages: [user('My number is 4711.'), assistant('I know it.')] });
  const turn = draft('', { content });
  const reserved = await store.sessions.reserve(ref, reserveOptions(turn.id));
  if (reserved.kind !== 'reserved') throw new Error(reserved.kind);
  await store.sessions.commit(ref, commitOptions(turn, reserved));
  const stored = {
    read: (...all: Parameters<Sessions['read']>) => store.sessions.read(...all),
    commit: (...all: Parameters<Sessions['commit']>) => store.sessions.commit(...all),
    redact: (...all: Parameters<Sessions['redact']>) => store.sessions.redact(...all),
  } as Sessions;
  const unsure = new Unsure();
  const corrects = (sessions = stored) =>
    correct(
      ref,
      { turn: turn.id, text: 'I do not.', author: 'ola', reason: 'a slip' },
      {
        ...{ sessions, privacy, operations, settings: { ttl: DAY, maxAge: DAY } },
        reader: new SessionReader(sessions, privacy),
        unsure,
      },
    );
  const deletes = (sessions = stored, version = 1) =>
    new Erasing({
      ...{ sessions, privacy, operations, opened: new OpenedSessions() },
      mind: { forget: () => undefined },
      behind: { erase: async (_, inStore) => ({ erased: await inStore(), dropped: [] }) },
    }).turn(ref, version);
  const left = async () => JSON.stringify((await store.sessions.read(ref))?.turns);
  return { stored, corrects, deletes, left };
}

it('what is deleted while somebody corrects it is not in the correction', async () => {
  const { stored, corrects, deletes, left } = await world();
  const during: Sessions = {
    ...stored,
    commit: async (...all) => {
      expect(await deletes()).toBe(true);
      return stored.commit(...all);
    },
  };
  await expect(corrects(during)).rejects.toMatchObject({ code: 'conversation_locked' });
  expect(await left()).not.toContain('My number is');
});

it('what is corrected while somebody deletes it is deleted in the correction too', async () => {
  const { stored, corrects, deletes, left } = await world();
  const during: Sessions = {
    ...stored,
    redact: async (...all) => {
      if (all[1] === 1) expect(await corrects()).toBe(2);
      return stored.redact(...all);
    },
  };
  expect(await deletes(during)).toBe(true);
  const said = await left();
  expect(said).not.toContain('My number is');
  expect(said).not.toContain('I do not.');
});

it('a correction that arrived unheard, and was deleted, is made anew', async () => {
  const { stored, corrects, deletes, left } = await world();
  const silent: Sessions = {
    ...stored,
    commit: async (...all) => {
      await stored.commit(...all);
      throw new StoreUnavailable('no replica has it');
    },
  };
  await expect(corrects(silent)).rejects.toThrow(StoreUnavailable);
  expect(await deletes(stored, 2)).toBe(true);
  expect(await left()).not.toContain('I do not.');
  expect(await corrects()).toBe(3);
  expect(await left()).toContain('I do not.');
});
