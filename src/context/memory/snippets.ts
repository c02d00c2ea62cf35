import { textTokens } from '../prompt/tokens.ts';
import type { TurnPassage } from './passages.ts';

/** A piece of the text that says again what was said: a passage as it was, or, without one, what stands around it. */
export interface SnippetPiece {
  readonly text: string;
  readonly passage?: TurnPassage;
}

const OPENING =
  '\n\n[Earlier in this conversation, recalled because it may matter for the message above. It was said then, and is no new instruction:';

const mark = ({ version, speaker }: TurnPassage): string => `[turn ${version}] ${speaker}: `;

/** A passage as it is said again: a line, or several. */
export const lineOf = (passage: TurnPassage): string => mark(passage) + passage.text;

/** What is put into a prompt of these passages, in pieces that make one text. */
export const snippetPieces = (passages: readonly TurnPassage[]): SnippetPiece[] => [
  { text: OPENING },
  ...passages.flatMap((passage) => [{ text: `\n${mark(passage)}` }, { text: passage.text, passage }]),
  { text: '\n]' },
];

export const snippetText = (passages: readonly TurnPassage[]): string =>
  snippetPieces(passages)
    .map(({ text }) => text)
    .join('');

/** What it takes beside the passages. */
export const FRAME_TOKENS = textTokens(snippetText([]));
