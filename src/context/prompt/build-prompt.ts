import type { Message, TextPart } from '../../contracts/model-request.ts';
import type { ConversationMemory, Recalled } from '../memory/conversation-memory.ts';
import type { TurnPassage } from '../memory/passages.ts';
import type { SpokenTurn, Summary } from '../turn.ts';
import { tokensIn, versionsOf } from './figures.ts';
import { userText } from './message-text.ts';
import { type RecallSettings, recallRoom } from './recall-room.ts';
import { messageTokens, textTokens } from './tokens.ts';
import { trimToFit } from './trim.ts';

export interface PromptInput extends RecallSettings {
  readonly system: readonly TextPart[];
  /** Those of the path that the summary does not cover; failed turns are not among them. */
  readonly turns: readonly SpokenTurn[];
  /** Undefined as long as nothing was compacted, or if it is of another path. */
  readonly summary: Summary | undefined;
  readonly fresh: readonly Message[];
  /** Tokens that a prompt may have: the model's window less its output and the tools. */
  readonly capacity: number;
}

/** How many passages of a turn were recalled, and which (`passagesOf`); what older gateways kept does not say which. */
export interface RecalledOf {
  readonly version: number;
  readonly passages: number;
  readonly places?: readonly number[];
}

/** What was sent of a conversation, without what it says. */
export interface SentContext {
  /** 0 without a summary. */
  readonly epoch: number;
  /** The turns up to this version are in the summary. */
  readonly covered: number;
  /** Versions of the turns that were sent as they were said. */
  readonly sent: readonly number[];
  /** Of those that would not have fitted. */
  readonly cut: readonly number[];
  /** Messages of a log that its client sent anew, and that would not have fitted. */
  readonly unsent?: number;
  /** Version by version, what of it was recalled. */
  readonly recalled: readonly RecalledOf[];
  /** About how many, in all and what was recalled. */
  readonly tokens: number;
  readonly recalledTokens: number;
  readonly capacity: number;
}

/**
 * What goes into a prompt beside what the client sends: the summary behind its system texts, the turns before its
 * messages, and last, at the end of the user's last message, what was recalled for it. So everything but the recalled
 * part is the beginning of the next prompt of the epoch, byte for byte, and the provider's cache holds.
 */
export interface BuiltPrompt {
  readonly summary: string;
  readonly turns: readonly SpokenTurn[];
  /** '' if nothing was recalled. */
  readonly snippets: string;
  readonly context: SentContext;
  readonly passages: readonly TurnPassage[];
}

/** What of a prompt is as it was said, and what it has room for beside that. */
export interface FittedPrompt {
  readonly kept: readonly SpokenTurn[];
  readonly cut: readonly SpokenTurn[];
  /** Tokens of all that is certain to be in it. */
  readonly fixed: number;
  /** Tokens for what is recalled; 0 = nothing is. */
  readonly room: number;
}

/** Share of its capacity up to which a prompt is filled with what may as well be left out: tokens are estimated. */
const FILLED = 0.9;

const NOTHING: Recalled = { text: '', passages: [], tokens: 0 };

/** What goes into the prompt of a turn as it was said. What is not compacted in time is trimmed here, for this once. */
export function fitPrompt(input: PromptInput): FittedPrompt {
  const { system, turns, summary, fresh, capacity } = input;
  const covered = summary?.covered ?? 0;
  const rest =
    (summary?.tokens ?? 0) +
    system.reduce((sum, { text }) => sum + textTokens(text), 0) +
    messageTokens(fresh);
  const forRecall = recallRoom(input, capacity);
  const { kept, cut } = trimToFit(turns, fresh, rest, capacity, forRecall);
  const fixed = rest + tokensIn(kept);
  // Its share in any case; more than that as far as the prompt is not filled to the brim.
  const wanted = Math.max(input.recall * capacity, Math.min(forRecall, FILLED * capacity - fixed));
  const mayRecall = (covered > 0 || cut.length > 0) && fresh.at(-1)?.role === 'user';
  return { kept, cut, fixed, room: mayRecall ? Math.max(0, Math.min(wanted, capacity - fixed)) : 0 };
}

/**
 * The prompt of a turn.
 * @param fitted of the same input
 * @param memory what is left out is recalled from it; asked only where there is room for that
 */
export function buildPrompt(
  { summary, fresh, capacity }: PromptInput,
  { kept, cut, fixed, room }: FittedPrompt,
  memory: ConversationMemory | undefined,
): BuiltPrompt {
  const covered = summary?.covered ?? 0;
  const recalled = memory && room > 0 ? memory.recall(userText(fresh), leftOut(covered, cut), room) : NOTHING;
  return {
    summary: summary?.text ?? '',
    turns: kept,
    snippets: recalled.text,
    passages: recalled.passages,
    context: {
      epoch: summary?.epoch ?? 0,
      covered,
      sent: versionsOf(kept),
      cut: versionsOf(cut),
      recalled: placesByVersion(recalled.passages),
      tokens: fixed + recalled.tokens,
      recalledTokens: recalled.tokens,
      capacity,
    },
  };
}

function leftOut(covered: number, cut: readonly SpokenTurn[]): (version: number) => boolean {
  const versions = new Set(cut.map(({ version }) => version));
  return (version) => version <= covered || versions.has(version);
}

function placesByVersion(passages: readonly TurnPassage[]): SentContext['recalled'] {
  const byVersion = Map.groupBy(passages, ({ version }) => version);
  return [...byVersion].map(([version, those]) => ({
    version,
    passages: those.length,
    places: those.map(({ place }) => place),
  }));
}
