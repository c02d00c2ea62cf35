import type { FactBook, SaidFact } from '../facts/fact-book.ts';
import { textTokens } from '../prompt/tokens.ts';
import type { SpokenTurn, Summary } from '../turn.ts';
import { type CompactionSettings, type PromptSizes, planCompaction } from './plan.ts';
import { type AskModel, summarizerInput } from './summarize.ts';
import { deterministicText, missingFacts, summarizedText, withFacts } from './summary-text.ts';

export interface CompactionInput {
  /** The whole path, from its first turn. */
  readonly turns: readonly SpokenTurn[];
  /** Of the facts in them. */
  readonly book: FactBook;
  readonly summary: Summary | undefined;
  /** The session's current one, which may be of another path; 0 = none yet. */
  readonly epoch: number;
  readonly settings: CompactionSettings & { /** Alias, or ''. */ readonly summarizer: string };
  readonly sizes: Omit<PromptSizes, 'summary'>;
  /** Undefined: there is no way to a model. */
  readonly ask: AskModel | undefined;
  /** The gateway stops: no model is waited for. */
  readonly signal: AbortSignal;
}

export type Compacted =
  /** `broken_off`: a model was to write it, and the gateway stopped meanwhile. */
  | { readonly kind: 'not_due' | 'no_gain' | 'broken_off' }
  | {
      readonly kind: 'made';
      readonly summary: Summary;
      readonly by: 'model' | 'facts';
      /** Why a summarizer's text was not taken; '' if it was, or there is none. */
      readonly refused: '' | 'failed' | 'facts_missing' | 'too_long' | 'empty';
      /** Tokens of the prompt's remembered part. */
      readonly before: number;
      readonly after: number;
    };

/** Share of a summary's room that pinned facts may have: a model's words need the rest. */
const FACTS_SHARE = 0.6;
/** Of the line above the facts. */
const OPENING_TOKENS = 30;

/**
 * Makes the summary of the next epoch, if one is due. It is made of raw turns and of facts found in them, never of the
 * summary before it, so that what was lost once is not lost for good. Nothing is stored here.
 */
export async function compact(input: CompactionInput): Promise<Compacted> {
  const { turns, summary, settings, sizes } = input;
  const covered = summary?.covered ?? 0;
  const open = turns.filter(({ version }) => version > covered);
  const plan = planCompaction(open, settings, { ...sizes, summary: summary?.tokens ?? 0 });
  if (plan.kind !== 'due') return plan;
  const last = open[plan.cut - 1] as SpokenTurn;
  const gone = turns.filter(({ version }) => version <= last.version);
  const pinned = input.book.pinned(last.version, Math.floor(plan.room * FACTS_SHARE) - OPENING_TOKENS);
  const noted = (): SaidFact[] => input.book.noted(last.version, plan.room - OPENING_TOKENS);
  const model = await byModel(input, gone, pinned, plan.room, last.version);
  if (!('text' in model) && model.refused !== '' && input.signal.aborted) return { kind: 'broken_off' };
  const text = 'text' in model ? model.text : deterministicText(last.version, noted());
  const next = {
    epoch: input.epoch + 1,
    covered: last.version,
    coveredTurn: last.id,
    text,
    tokens: textTokens(text),
  };
  const before = sumOf(open) + (summary?.tokens ?? 0);
  const after = sumOf(open.slice(plan.cut)) + next.tokens;
  if (after >= before) return { kind: 'no_gain' };
  return {
    kind: 'made',
    summary: next,
    by: 'text' in model ? 'model' : 'facts',
    refused: 'text' in model ? '' : model.refused,
    before,
    after,
  };
}

const sumOf = (turns: readonly SpokenTurn[]): number => turns.reduce((sum, { tokens }) => sum + tokens, 0);

type ByModel =
  | { readonly text: string }
  | { readonly refused: Extract<Compacted, { kind: 'made' }>['refused']; readonly error?: unknown };

async function byModel(
  { settings, ask, signal, book }: CompactionInput,
  gone: readonly SpokenTurn[],
  pinned: readonly SaidFact[],
  room: number,
  covered: number,
): Promise<ByModel> {
  if (settings.summarizer === '' || !ask) return { refused: '' };
  const { leftOut, ...question } = summarizerInput(gone, pinned, room);
  let said: string;
  try {
    said = await ask({ model: settings.summarizer, ...question, maxTokens: room, signal });
  } catch (error) {
    // Its own record says what happened: the conversation goes on without it.
    return { refused: 'failed', error };
  }
  if (said.trim() === '') return { refused: 'empty' };
  const text = summarizedText(covered, said);
  if (textTokens(text) > room) return { refused: 'too_long' };
  if (missingFacts(said, pinned).length > 0) return { refused: 'facts_missing' };
  // It stands for turns that the model has not read, too: what was definite in those is said beside its words.
  const unread = book.noted(leftOut, room - textTokens(text) - OPENING_TOKENS, pinned);
  return { text: withFacts(text, missingFacts(said, unread)) };
}
