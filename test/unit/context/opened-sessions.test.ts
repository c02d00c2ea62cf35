// What a process has at hand of conversations is bounded, and is what the store has.
import { expect, it } from 'vitest';
import { Memories } from '../../../src/context/memory/memories.ts';
import { OpenedSessions } from '../../../src/context/opened-sessions.ts';
import type { TenantSeal } from '../../../src/context/ports.ts';
import type { Message } from '../../../src/contracts/model-request.ts';
import type { SessionHead, StoredTurn } from '../../../src/contracts/session.ts';
import { draft } from '../../conformance/session-drafts.ts';
import { turn, user } from './conversations.ts';

const refOf = (session: string) => ({ tenant: 'app', session });
/** Says little, however long it is. */
const seal: TenantSeal = {
  secret: '',
  formerSecrets: [],
  seal: (text) => text,
  open: () => '{"messages":[]}',
};
const headAt = (version: number) =>
  ({ owner: '', generation: 1, edits: 0, covered: 0, version, head: `t${version}` }) as SessionHead;
const stored = (version: number, more: { id?: string; content?: string } = {}): StoredTurn => ({
  ...draft('', { id: `t${version}`, ...more }),
  ...{ version, at: 0, parent: version === 1 ? '' : `t${version - 1}`, staleBase: false, hash: '' },
});

it('of two conversations that have grown too long together the older is let go', () => {
  const opened = new OpenedSessions();
  const content = 'x'.repeat(9_000_000);
  for (const name of ['older', 'newer'])
    for (let version = 1; version <= 3; version++)
      opened.take(refOf(name), headAt(version), version - 1, [stored(version, { content })], seal);
  expect(opened.known(refOf('older'), [])).toBeUndefined();
  expect(opened.known(refOf('newer'), [])).toMatchObject({ version: 3 });
});

it('what is at hand of somebody’s conversation is known to them alone, by whichever of their names', () => {
  const opened = new OpenedSessions();
  opened.take(refOf('s1'), { ...headAt(1), owner: 'ann' }, 0, [stored(1)], seal);
  for (const owners of [[''], ['bob'], []]) expect(opened.known(refOf('s1'), owners)).toBeUndefined();
  expect(opened.known(refOf('s1'), ['ann by another secret', 'ann'])).toMatchObject({ version: 1 });
});

it('of two memories that have grown too large together the older is let go', async () => {
  const memories = new Memories(100_000);
  const life = { generation: 1, edits: 0 };
  const said = [1, 2, 3, 4].map((version) => turn(version, [user('words of no weight '.repeat(200))]));
  for (const name of ['older', 'newer'])
    for (let turns = 1; turns <= said.length; turns++)
      await memories.met(refOf(name), life, said.slice(0, turns));
  expect(await memories.known(refOf('older'), life, said.length, [])).toBeUndefined();
  expect(await memories.known(refOf('newer'), life, said.length, [])).toBeDefined();
});

it('who asks for a memory while it is made waits for the same, and what is forgotten meanwhile stays so', async () => {
  const memories = new Memories();
  const ref = refOf('s1');
  const life = { generation: 1, edits: 0 };
  const said = [turn(1, [user('My code is XK-1.')])];
  const [one, other] = [memories.met(ref, life, said), memories.met(ref, life, said)];
  expect(await one).toBe(await other);
  expect(await memories.known(ref, life, 1, [])).toBe(await one);
  const next = memories.met(ref, life, [...said, turn(2, [user('And now?')])]);
  memories.forget(ref);
  expect((await next).turns).toBe(2);
  expect(await memories.known(ref, life, 1, [])).toBeUndefined();
});

it('a turn that was taken in by half is not known: whoever waits for it takes it in anew', async () => {
  const memories = new Memories();
  const [ref, life] = [refOf('s1'), { generation: 1, edits: 0 }];
  let asked = 0;
  const broken: Message = {
    ...user(''),
    get content() {
      if (asked++ === 0) throw new Error('it can’t be read');
      return user('My code is XK-1.').content;
    },
  } as Message;
  const said = [turn(1, [user('Hello.'), broken], 10)];
  const [one, other] = await Promise.allSettled([
    memories.met(ref, life, said),
    memories.met(ref, life, said),
  ]);
  expect([one.status, other.status]).toEqual(['rejected', 'fulfilled']);
  const memory = await memories.met(ref, life, said);
  expect(memory.recall('What is my code?', () => true, 200).text).toContain('XK-1');
});

it('a store that has lost turns, and goes on with others, is followed', () => {
  const opened = new OpenedSessions();
  const ref = refOf('s1');
  opened.take(
    ref,
    headAt(3),
    0,
    [1, 2, 3].map((version) => stored(version)),
    seal,
  );
  opened.take(
    ref,
    headAt(2),
    0,
    [1, 2].map((version) => stored(version)),
    seal,
  );
  expect(opened.known(ref, [])).toMatchObject({ version: 2 });
  const other = stored(3, { id: 'other' });
  expect([...opened.take(ref, headAt(3), 2, [other], seal).keys()]).toEqual(['t1', 't2', 'other']);
});
