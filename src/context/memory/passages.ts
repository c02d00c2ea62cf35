import type { Message } from '../../contracts/model-request.ts';
import { messageText } from '../prompt/message-text.ts';
import type { SpokenTurn } from '../turn.ts';

/** Characters of a passage: what is longer is recalled in parts. */
const LONGEST = 1200;
/** Characters of one message that are looked at. */
const LONGEST_MESSAGE = 60_000;

/** A piece of a turn that is recalled whole. */
export interface TurnPassage {
  readonly version: number;
  /** Among the passages of its turn, from 0. */
  readonly place: number;
  readonly speaker: Message['role'];
  readonly text: string;
  /** As of its turn. */
  readonly isPutIn?: true;
}

/** What a turn says, in pieces that fit a prompt. */
export function* passagesOf({ version, messages, isPutIn }: SpokenTurn): Generator<TurnPassage> {
  let place = 0;
  for (const message of messages)
    for (const text of piecesOf(messageText(message).slice(0, LONGEST_MESSAGE)))
      yield { version, place: place++, speaker: message.role, text, ...(isPutIn && { isPutIn }) };
}

/** Cut at the last line or sentence that ends within the length, else at a space, else anywhere. */
function piecesOf(text: string): string[] {
  const pieces: string[] = [];
  let rest = text.trim();
  while (rest.length > LONGEST) {
    const head = rest.slice(0, LONGEST);
    const at = [head.lastIndexOf('\n'), head.lastIndexOf('. ') + 1, head.lastIndexOf(' ')].find(
      (end) => end > LONGEST / 3,
    );
    pieces.push(rest.slice(0, at ?? LONGEST).trim());
    rest = rest.slice(at ?? LONGEST).trim();
  }
  if (rest !== '') pieces.push(rest);
  return pieces;
}
