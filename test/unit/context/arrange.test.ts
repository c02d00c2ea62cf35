import fc from 'fast-check';
import { expect, it } from 'vitest';
import { arrange, type OpenedTurn, resultsIn } from '../../../src/context/path.ts';
import type { Message } from '../../../src/contracts/model-request.ts';
import { draft } from '../../conformance/session-drafts.ts';
import { assistant, calls, results, user } from './conversations.ts';

/** An agent at work: turns that call tools, bring results, do both, or only talk; each may be deleted or corrected later. */
const step = fc.record({
  opens: fc.boolean(),
  ids: fc.integer({ min: 1, max: 3 }),
  fate: fc.constantFrom('stays', 'stays', 'deleted', 'corrected', 'corrected twice'),
  answered: fc.boolean(),
});

function talked(steps: { opens: boolean; ids: number; fate: string; answered: boolean }[]): OpenedTurn[] {
  const path: OpenedTurn[] = [];
  const add = (more: object, messages: Message[]): OpenedTurn => {
    const { content: _, ...turn } = draft('', more);
    const version = path.length + 1;
    const place = { version, at: version, parent: path.at(-1)?.turn.id ?? '', staleBase: false, hash: '' };
    const opened = { turn: { ...turn, ...place }, content: { messages } };
    path.push(opened);
    return opened;
  };
  let open = { turn: '', ids: [] as string[] };
  const all = steps.map(({ opens, ids, answered }, at) => {
    const resolves = answered ? open.turn : '';
    const first = resolves === '' ? user(`question ${at}`) : results(...open.ids);
    const made = Array.from({ length: ids }, (_, i) => `c${at}-${i}`);
    const turn = add({ opens, resolves }, [first, opens ? calls(...made) : assistant(`answer ${at}`)]);
    if (opens) open = { turn: turn.turn.id, ids: made };
    else if (resolves !== '') open = { turn: '', ids: [] };
    return turn;
  });
  for (const [at, { fate }] of steps.entries()) {
    const turn = all[at] as OpenedTurn;
    // As `erasing.ts` and `correct.ts` leave them.
    if (fate === 'deleted')
      path[path.indexOf(turn)] = { turn: { ...turn.turn, opens: false }, content: { messages: [] } };
    if (!fate.startsWith('corrected')) continue;
    const { messages } = turn.content;
    const said = [...messages.slice(0, -1), assistant('put right')];
    const first = add({ kind: 'correction', supersedes: turn.turn.id, digests: [] }, said);
    if (fate.endsWith('twice')) add({ kind: 'correction', supersedes: first.turn.id, digests: [] }, said);
  }
  return path;
}

const knownOf = (turns: readonly OpenedTurn[]) => new Map(turns.map((each) => [each.turn.id, each]));

/** Invariant 3: a result has exactly one call before it, and a group of calls all of its results, or none. */
function checkPairs(messages: readonly Message[]): void {
  let waiting: string[] = [];
  for (const message of messages) {
    if (message.role === 'tool') {
      expect(message.content.map(({ id }) => id)).toEqual(waiting);
      waiting = [];
      continue;
    }
    expect(waiting).toEqual([]);
    if (message.role === 'assistant')
      waiting = message.content.flatMap((part) => (part.type === 'tool-call' ? [part.id] : []));
  }
  expect(waiting).toEqual([]);
}

it('calls and results stay together, whatever was deleted or corrected', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 12, size: 'max' }), (steps) => {
      const path = talked(steps);
      const known = knownOf(path);
      const { turns } = arrange(path, known);
      checkPairs(turns.flatMap(({ messages }) => messages));
      // Where a summary covers the first turns, the same holds for the rest.
      for (const cut of [1, 2, 5]) {
        const rest = arrange(path.slice(cut), known);
        checkPairs(rest.turns.flatMap(({ messages }) => messages));
      }
    }),
    { numRuns: 300 },
  );
});

it('an answer that called a tool is corrected in its words: the call is still to be answered, or was', () => {
  const [asked, brought, ...corrections] = talked([
    { opens: true, ids: 2, fate: 'corrected', answered: false },
    { opens: false, ids: 1, fate: 'corrected', answered: true },
  ]) as [OpenedTurn, OpenedTurn, OpenedTurn, OpenedTurn];
  const once = [asked, corrections[0]] as const;
  expect([...arrange(once, knownOf(once)).open.keys()]).toEqual([asked.turn.id]);
  const all = [asked, brought, ...corrections];
  const { turns } = arrange(all, knownOf(all));
  expect(turns.map(({ messages }) => messages.map(({ role }) => role))).toEqual([
    ['user', 'assistant'],
    ['assistant', 'tool', 'assistant'],
  ]);
});

it('results are those of the latest call where a model has used an id again', () => {
  const path = talked([
    { opens: true, ids: 1, fate: 'stays', answered: false },
    { opens: true, ids: 1, fate: 'stays', answered: false },
  ]).map((each) => ({ ...each, content: { messages: [user('How is the weather?'), calls('call_1')] } }));
  const { open } = arrange(path, knownOf(path));
  expect(resultsIn([results('call_1')], open)).toEqual({ kind: 'answered', turn: path[1]?.turn.id });
});
