import { fill } from '../../src/context/recall/fill.ts';
import { RecallIndex } from '../../src/context/recall/recall-index.ts';
import { type Conversation, readConversations } from './locomo.ts';
import { FLOORS, type Method } from './recall-floors.ts';
import type { Findings, Study } from './study.ts';

const BUDGETS = [1000, 2000, 4000, 8000] as const;
/** As `context.compaction.verbatimTurns` has it by default: a turn is a question and an answer. */
const TAIL = 12;

const ours: Method = {
  name: 'this gateway',
  prepare({ passages, tokens }) {
    const index = new RecallIndex();
    for (const passage of passages) index.add(passage);
    return (question, budget) =>
      new Set(fill({ tokens, ranked: index.rank(question.text), budget, tail: TAIL }));
  },
};

interface Row {
  method: string;
  /** By budget: mean share of a question's evidence that is in the prompt, in per cent. */
  recall: number[];
  /** Milliseconds to choose for one question, with the conversation indexed: median and 99th percentile. */
  medianMs: number;
  p99Ms: number;
}

function measure(method: Method, conversations: readonly Conversation[]): Row {
  const sums = BUDGETS.map(() => 0);
  let questions = 0;
  const times: number[] = [];
  for (const conversation of conversations) {
    const choose = method.prepare(conversation);
    for (const question of conversation.questions) {
      questions++;
      BUDGETS.forEach((budget, i) => {
        const began = performance.now();
        const chosen = choose(question, budget);
        times.push(performance.now() - began);
        const there = question.evidence.filter((position) => chosen.has(position)).length;
        sums[i] = (sums[i] as number) + there / question.evidence.length;
      });
    }
  }
  times.sort((a, b) => a - b);
  const quantile = (q: number): number => times[Math.floor(q * (times.length - 1))] ?? 0;
  return {
    method: method.name,
    recall: sums.map((sum) => (100 * sum) / questions),
    medianMs: quantile(0.5),
    p99Ms: quantile(0.99),
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

function table(conversations: readonly Conversation[]): { rows: Row[]; ahead: number[]; text: string } {
  const rows = [...FLOORS, ours].map((method) => measure(method, conversations));
  const mine = rows.at(-1) as Row;
  const ahead = BUDGETS.map(
    (_, i) =>
      (mine.recall[i] as number) - Math.max(...rows.slice(0, -1).map(({ recall }) => recall[i] as number)),
  );
  const text = [
    cells([
      'evidence recall, %',
      ...BUDGETS.map((budget) => `${budget / 1000}k`),
      'ms a question, p50',
      'p99',
    ]),
    cells(['---', ...BUDGETS.map(() => '---:'), '---:', '---:']),
    ...rows.map(({ method, recall, medianMs, p99Ms }) =>
      cells([method, ...recall.map((value) => value.toFixed(1)), medianMs.toFixed(1), p99Ms.toFixed(1)]),
    ),
    cells(['ahead of the best floor', ...ahead.map(signed), '', '']),
  ].join('\n');
  return { rows, ahead, text };
}

function run(path: string): Findings {
  const conversations = readConversations(path);
  const questions = conversations.reduce((sum, each) => sum + each.questions.length, 0);
  const all = table(conversations);
  const each = conversations.map((conversation) => ({
    name: conversation.name,
    passages: conversation.passages.length,
    questions: conversation.questions.length,
    tokens: conversation.tokens.reduce((a, b) => a + b, 0),
    ...table([conversation]),
  }));
  const indexing = Math.max(...conversations.map(indexingMs));
  const markdown = [
    `${conversations.length} conversations, ${questions} questions of categories 1 to 4; share of a question's evidence turns that reach the prompt. No model is asked. The prompt holds the last passages (at most ${TAIL} and 15 % of the budget) and what the question recalls; tokens are o200k_base. Indexing costs at most ${(1000 * indexing).toFixed(0)} µs a passage.`,
    all.text,
    'Weights were set on conv-26 and conv-41; conv-30 and any other conversation was not looked at.',
    ...each.map(
      (one) =>
        `## ${one.name}\n\n${one.passages} passages, ${one.tokens} tokens, ${one.questions} questions\n\n${one.text}`,
    ),
    '',
  ].join('\n\n');
  return {
    markdown,
    data: { questions, all: all.rows, ahead: all.ahead, each: each.map(({ text, ...rest }) => rest) },
  };
}

export const contextRecall: Study = {
  name: 'context-recall',
  what: 'what a question needs of a long conversation, within a budget, beside simple ways to choose',
  data: 'a file in LoCoMo’s form',
  run,
};
