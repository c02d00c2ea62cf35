import { messageText } from '../prompt/message-text.ts';
import { textTokens } from '../prompt/tokens.ts';
import type { SpokenTurn } from '../turn.ts';

interface Transcript {
  readonly text: string;
  /** Version of the last turn of which a message is left out, where there are too many to be cut; 0 = none is. */
  readonly leftOut: number;
}

interface Line {
  readonly version: number;
  readonly text: string;
  readonly tokens: number;
}

/** Stands where the middle of a message was. */
export const CUT = ' […] ';
/** Tokens of which something can still be understood: rather than cut all messages shorter the first ones are left out. */
const LEAST = 40;

/**
 * What turns say, in so many tokens: one line a message. What is short stays whole, and of what is long the beginning and
 * the end, all of them as much, so that one long result of a tool takes the place of nothing else.
 */
export function transcriptOf(turns: readonly SpokenTurn[], room: number): Transcript {
  const lines = turns.flatMap(({ version, messages }) =>
    messages.map((message): Line => {
      const text = `[${version}] ${message.role}: ${messageText(message)}`;
      return { version, text, tokens: textTokens(text) };
    }),
  );
  let from = lines.length;
  for (let left = room; from > 0; from--) {
    left -= Math.min((lines[from - 1] as Line).tokens, LEAST);
    if (left < 0) break;
  }
  const told = lines.slice(from);
  const share = shareOf(told, room);
  return {
    text: told.map(({ text, tokens }) => (tokens > share ? shortened(text, share) : text)).join('\n'),
    leftOut: lines[from - 1]?.version ?? 0,
  };
}

/** The most that each may have so that all fit: what the small ones do not use goes to the large. */
function shareOf(lines: readonly Line[], room: number): number {
  let left = room;
  for (const [at, { tokens }] of lines.toSorted((a, b) => a.tokens - b.tokens).entries()) {
    const share = Math.floor(left / (lines.length - at));
    if (tokens > share) return share;
    left -= tokens;
  }
  return Number.POSITIVE_INFINITY;
}

/** Its beginning and its end. */
function shortened(text: string, tokens: number): string {
  const bytes = Buffer.from(text);
  // As many bytes as `textTokens` takes for so many.
  const kept = Math.floor((bytes.length * (tokens - textTokens(CUT))) / textTokens(text) / 2);
  const [head, tail] = [characterAt(bytes, kept), characterAt(bytes, bytes.length - kept)];
  return `${bytes.toString('utf8', 0, head)}${CUT}${bytes.toString('utf8', tail)}`;
}

/** Where the character begins that the byte at `from` is of. */
function characterAt(bytes: Buffer, from: number): number {
  let at = from;
  while (((bytes[at] ?? 0) & 0xc0) === 0x80) at--;
  return at;
}
