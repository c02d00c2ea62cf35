import { fill } from '../../src/context/recall/fill.ts';
import { RecallIndex } from '../../src/context/recall/recall-index.ts';
import { type Conversation, countTokens, lineOf, readConversations } from './locomo.ts';
import { chosenOf, FLOORS, type Method } from './recall-floors.ts';
import { type Remembered, remember } from './remembered.ts';
import type { Findings, Study } from './study.ts';

const BUDGETS = [1000, 2000, 4000, 8000] as const;
/** Of the choice alone: most passages that are there because they are the latest. */
const TAIL = 12;

/** A conversation in a gateway for each budget. */
type Sessions = ReadonlyMap<number, Remembered>;

/** What a model is sent for a user of this gateway: evidence counts where its words stand in the prompt. */
const throughGateway = (led: ReadonlyMap<Conversation, Sessions>): Method => ({
  name: 'this gateway',
  prepare(conversation) {
    const lines = conversation.passages.map((passage) => `${lineOf(passage)}\n`);
    const sessions = led.get(conversation) as Sessions;
    return async (question, budget) => {
      const session = sessions.get(budget) as Remembered;
      const prompt = `${await session.ask(question.text)}\n`;
      return {
        has: (position) => prompt.includes(lines[position] as string),
        tokens: () => countTokens(prompt),
      };
    };
  },
});

/** How it chooses, if all of the budget were for that: no summary, no marks, and the index knows who speaks. */
const choiceAlone: Method = {
  name: 'its choice of passages alone',
  prepare(conversation) {
    const index = new RecallIndex();
    for (const passage of conversation.passages) index.add(passage);
    const { tokens } = conversation;
    return (question, budget) => {
      const ranked = index.rank(question.text);
      return chosenOf(new Set(fill({ tokens, ranked, budget, tail: TAIL })), conversation);
    };
  },
};

/** What one method came to in one conversation. */
interface Measured {
  readonly questions: number;
  /** By budget, over all questions: shares of the evidence that is in the prompt, and tokens. */
  readonly recall: readonly number[];
  readonly tokens: readonly number[];
  readonly times: readonly number[];
}

async function measure(method: Method, conversation: Conversation): Promise<Measured> {
  const [recall, tokens] = [BUDGETS.map(() => 0), BUDGETS.map(() => 0)];
  const times: number[] = [];
  const choose = method.prepare(conversation);
  for (const question of conversation.questions) {
    for (const [i, budget] of BUDGETS.entries()) {
      const began = performance.now();
      const chosen = await choose(question, budget);
      times.push(performance.now() - began);
      const there = question.evidence.filter((position) => chosen.has(position)).length;
      (recall[i] as number) += there / question.evidence.length;
      (tokens[i] as number) += chosen.tokens();
    }
  }
  return { questions: conversation.questions.length, recall, tokens, times };
}

const quantile = (times: readonly number[], q: number): number =>
  times.toSorted((a, b) => a - b)[Math.floor(q * (times.length - 1))] ?? 0;

interface Row {
  readonly method: string;
  /** By budget: mean share of a question's evidence that is in the prompt, in per cent. */
  readonly recall: readonly number[];
  /** By budget: tokens of a prompt, mean (o200k_base). */
  readonly tokens: readonly number[];
  /** Milliseconds to choose for one question, with the conversation indexed: median and 99th percentile. */
  readonly medianMs: number;
  readonly p99Ms: number;
}

function rowOf(method: string, measured: readonly Measured[]): Row {
  const questions = measured.reduce((sum, each) => sum + each.questions, 0);
  const mean = (of: (one: Measured) => readonly number[]): number[] =>
    BUDGETS.map((_, i) => measured.reduce((sum, one) => sum + (of(one)[i] as number), 0) / questions);
  const times = measured.flatMap((each) => each.times);
  return {
    method,
    recall: mean(({ recall }) => recall).map((share) => 100 * share),
    tokens: mean(({ tokens }) => tokens),
    medianMs: quantile(times, 0.5),
    p99Ms: quantile(times, 0.99),
  };
}

/** Milliseconds a passage to index a conversation. */
function indexingMs({ passages }: Conversation): number {
  const index = new RecallIndex();
  const began = performance.now();
  for (const passage of passages) index.add(passage);
  return (performance.now() - began) / passages.length;
}

const cells = (values: readonly (string | number)[]): string => `| ${values.join(' | ')} |`;
const signed = (value: number): string => `${value >= 0 ? '+' : ''}${value.toFixed(1)}`;

/** @param rows the floors, what the gateway came to, and what else is of interest */
function table(rows: readonly Row[]): { rows: readonly Row[]; ahead: number[]; text: string } {
  const [floors, ours] = [rows.slice(0, FLOORS.length), rows[FLOORS.length] as Row];
  const ahead = BUDGETS.map(
    (_, i) => (ours.recall[i] as number) - Math.max(...floors.map(({ recall }) => recall[i] as number)),
  );
  const lineFor = ({ method, recall, medianMs, p99Ms }: Row): string =>
    cells([method, ...recall.map((value) => value.toFixed(1)), medianMs.toFixed(1), p99Ms.toFixed(1)]);
  const budgets = BUDGETS.map((budget) => `${budget / 1000}k`);
  const text = [
    cells(['evidence recall, %', ...budgets, 'ms a question, p50', 'p99']),
    cells(['---', ...BUDGETS.map(() => '---:'), '---:', '---:']),
    ...[...floors, ours].map(lineFor),
    cells(['ahead of the best floor', ...ahead.map(signed), '', '']),
    cells(['tokens of its prompt, mean', ...ours.tokens.map((tokens) => tokens.toFixed(0)), '', '']),
    ...rows.slice(FLOORS.length + 1).map(lineFor),
  ].join('\n');
  return { rows, ahead, text };
}

async function run(path: string): Promise<Findings> {
  const conversations = readConversations(path);
  const led = new Map<Conversation, Map<number, Remembered>>();
  for (const conversation of conversations) {
    const sessions = new Map<number, Remembered>();
    led.set(conversation, sessions);
    for (const budget of BUDGETS) sessions.set(budget, await remember(conversation.passages, budget));
  }
  const methods = [...FLOORS, throughGateway(led), choiceAlone];
  const measured: Measured[][] = [];
  for (const method of methods) {
    const each: Measured[] = [];
    for (const conversation of conversations) each.push(await measure(method, conversation));
    measured.push(each);
  }
  const remembered = [...led.values()].flatMap((sessions) => [...sessions.values()]);
  for (const session of remembered) await session.close();
  const tableOf = (of: (each: Measured[]) => Measured[]) =>
    table(methods.map(({ name }, i) => rowOf(name, of(measured[i] as Measured[]))));
  const all = tableOf((each) => each);
  const each = conversations.map((conversation, i) => ({
    name: conversation.name,
    passages: conversation.passages.length,
    questions: conversation.questions.length,
    tokens: conversation.tokens.reduce((a, b) => a + b, 0),
    ...tableOf((measures) => measures.slice(i, i + 1)),
  }));
  const questions = conversations.reduce((sum, one) => sum + one.questions.length, 0);
  const turns = remembered.flatMap(({ turnsMs }) => turnsMs);
  const turnMs = { p50: quantile(turns, 0.5), p99: quantile(turns, 0.99), most: quantile(turns, 1) };
  const indexing = Math.max(...conversations.map(indexingMs));
  const markdown = [
    `${conversations.length} conversations, ${questions} questions of categories 1 to 4; share of a question's evidence turns that reach the prompt. No model is asked. Tokens are o200k_base.`,
    `“This gateway” is what a user gets: the conversation is led turn by turn through sessions, compaction (no summarizer) and recall with the defaults of the config and \`context.compaction.window\` at the budget, so that summary, verbatim turns, recalled passages with their marks and the question itself share it; then each question is asked as its next turn, and evidence counts where its words stand in the prompt. Its milliseconds are from the announced turn to the prompt, the store's read included. A turn of such a conversation takes ${turnMs.p50.toFixed(1)} ms (p99 ${turnMs.p99.toFixed(1)}, the slowest of ${turns.length} ${turnMs.most.toFixed(0)}), with its commit, and with its measures and, where due, its compaction, for which no client waits. Indexing costs at most ${(1000 * indexing).toFixed(0)} µs a passage.`,
    `The last row gives the choice of passages all of the budget, as the floors have it (the last passages: at most ${TAIL} and 15 %).`,
    all.text,
    'Weights, and what recall may have of a short prompt, were set on conv-26 and conv-41. conv-30 was in no sweep, but that prompts are filled up to nine tenths (the third of the forms tried) was decided with the figures of all three in sight: for that none of them is unseen.',
    ...each.map(
      (one) =>
        `## ${one.name}\n\n${one.passages} passages, ${one.tokens} tokens, ${one.questions} questions\n\n${one.text}`,
    ),
    '',
  ].join('\n\n');
  return {
    markdown,
    data: {
      questions,
      all: all.rows,
      ahead: all.ahead,
      turnMs,
      each: each.map(({ text, ...rest }) => rest),
    },
  };
}

export const contextRecall: Study = {
  name: 'context-recall',
  what: 'what a question needs of a long conversation, within a budget, beside simple ways to choose',
  data: 'a file in LoCoMo’s form',
  run,
};
