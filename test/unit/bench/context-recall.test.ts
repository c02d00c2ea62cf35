// What the study tells of this gateway is what its users get: the words that stand in their prompts.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeAll, expect, it, vi } from 'vitest';
import { contextRecall } from '../../../bench/studies/context-recall.ts';
import { ConversationMemory } from '../../../src/context/memory/conversation-memory.ts';
import { Mind } from '../../../src/context/mind.ts';

/** What somebody bought, and where: one thing a sitting. */
const BOUGHT: readonly [thing: string, city: string][] = [
  ['kayak', 'Bergen'],
  ['telescope', 'Toledo'],
  ['accordion', 'Trieste'],
  ['greenhouse', 'Delft'],
  ['loom', 'Leeds'],
  ['unicycle', 'Lyon'],
];
/** What else is said in each sitting, and what is answered. */
const SMALL_TALK = [
  ['The weather has been so grey that we hardly went out.', 'Grey here as well, and windy on most evenings.'],
  [
    'My neighbour sings in the stairwell again, louder each week.',
    'Perhaps somebody could give him lessons.',
  ],
  ['I cooked lentils, with far too much pepper in them.', 'Yoghurt helps, or bread, or simply patience.'],
  [
    'The bus was late and then it was early, as it pleases.',
    'Mine has not come at all since they dug the road up.',
  ],
] as const;
const SITTINGS = 24;
const TURNS_A_SITTING = 1 + SMALL_TALK.length;
const BUDGETS = 4;

/** In LoCoMo's form: two people, a thing in each of the first sittings, and questions for it. */
function sample(): object {
  const conversation: Record<string, unknown> = { speaker_a: 'Ada', speaker_b: 'Ben' };
  for (let sitting = 1; sitting <= SITTINGS; sitting++) {
    const [thing, city] = BOUGHT[sitting - 1] ?? [];
    const first = thing ? `I bought a ${thing} when I was in ${city}.` : 'It has been a quiet week.';
    const pairs = [[first, 'Good to hear from you.'], ...SMALL_TALK];
    conversation[`session_${sitting}_date_time`] = `1:56 pm on ${sitting} May, 2026`;
    conversation[`session_${sitting}`] = pairs
      .flat()
      .map((text, at) => ({ speaker: at % 2 ? 'Ben' : 'Ada', dia_id: `D${sitting}:${at + 1}`, text }));
  }
  const qa = BOUGHT.map(([thing, city], at) => ({
    ...{ question: `In which city did Ada buy the ${thing}?`, answer: city },
    ...{ evidence: [`D${at + 1}:1`], category: 4 },
  }));
  const unanswered = { question: 'Where did Ben buy a drum?', evidence: [], category: 5 };
  return { sample_id: 'made-up', conversation, qa: [...qa, unanswered] };
}

let file: string;
beforeAll(async () => {
  const folder = await mkdtemp(join(tmpdir(), 'context-recall-'));
  file = join(folder, 'made-up.json');
  await writeFile(file, JSON.stringify([sample()]));
  return () => rm(folder, { recursive: true, force: true });
});
afterEach(() => void vi.restoreAllMocks());

/** @returns recall by budget, in per cent, by method */
async function recallOf(): Promise<Record<string, readonly number[]>> {
  const { data } = await contextRecall.run(file);
  const { all } = data as { all: { method: string; recall: number[] }[] };
  return Object.fromEntries(all.map(({ method, recall }) => [method, recall]));
}

it('what was said at the beginning reaches the prompt of who asks for it at the end, the same each time', async () => {
  const found = await recallOf();
  expect(found['sliding window']?.[0]).toBe(0);
  expect(found['this gateway']).toEqual(Array(BUDGETS).fill(100));
  expect(await recallOf()).toEqual(found);
});

it('each turn, and each question for each budget, has its prompt from the mind that serves', async () => {
  const prompts = vi.spyOn(Mind.prototype, 'prompt');
  await recallOf();
  expect(prompts).toHaveBeenCalledTimes(BUDGETS * (SITTINGS * TURNS_A_SITTING + BOUGHT.length));
  const behindSummary = prompts.mock.calls.filter(([input]) => input.summary !== undefined);
  expect(behindSummary.length).toBeGreaterThan(SITTINGS);
});

it('a gateway that recalls nothing would be told so', async () => {
  const { 'its choice of passages alone': chosen } = await recallOf();
  vi.spyOn(ConversationMemory.prototype, 'recall').mockReturnValue({ text: '', passages: [], tokens: 0 });
  const found = await recallOf();
  expect(found['this gateway']?.slice(0, 2)).toEqual([0, 0]);
  expect(found['its choice of passages alone']).toEqual(chosen);
});
