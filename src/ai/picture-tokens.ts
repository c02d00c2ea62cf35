import type { JsonObject } from '../contracts/model-request.ts';
import { textOf } from '../lib/json.ts';
import { own } from '../lib/own.ts';
import { countOf } from './dialects/count.ts';

/** Sizes in which all of OpenAI's models make pictures; what `auto` is, none of its pages says. */
const STANDARD = ['1024x1024', '1024x1536', '1536x1024'];
const SIZE = /^(\d{1,5})x(\d{1,5})$/;
/** No model of OpenAI's makes larger ones. */
const MOST_PIXELS = 8_294_400;

/** How finely it is made: pixels a side of what gpt-image-1 counts as a token, and squares along the longer side with gpt-image-2. */
const QUALITIES = {
  low: { side: 64, squares: 16 },
  medium: { side: 32, squares: 48 },
  high: { side: 16, squares: 96 },
};
type Quality = (typeof QUALITIES)['high'];

/** What each picture that is shown before it is done costs more, and frames of a GIF where nobody says how many (2026). */
const TOKENS_A_PARTIAL = 100;
const FRAMES = 9;

/**
 * Tokens of one picture at most, with whichever of OpenAI's models up to gpt-image-2: by its size and quality, the largest of each where
 * it names none; of a GIF as many pictures as it has frames. Of later models OpenAI says no figures, nor of the qualities above `high`.
 * @param asked how it was asked for, or was made: a request, a tool, or an item of an answer
 */
export function pictureTokens(asked: JsonObject): number {
  const { size, quality, output_format: format, frame_count: frames, partial_images: partial } = asked;
  const fine = own(QUALITIES, textOf(quality)) ?? QUALITIES.high;
  const sizes = typeof size === 'string' && SIZE.test(size) ? [size] : STANDARD;
  const each = Math.max(...sizes.map((one) => tokensOf(one, fine)));
  const pictures = format === 'gif' ? countOf(frames) || FRAMES : 1;
  return each * pictures + countOf(partial) * TOKENS_A_PARTIAL;
}

/** By OpenAI's own figures of gpt-image-1 (rows of so many tokens and the end of each), and its calculator for gpt-image-2. */
function tokensOf(size: string, { side, squares }: Quality): number {
  const [, width = 0, height = 0] = (SIZE.exec(size) ?? []).map(Number);
  const pixels = Math.min(width * height, MOST_PIXELS);
  const longest = Math.max(width, height, 1);
  const across = Math.round((squares * Math.min(width, height)) / longest);
  const ofSecond = Math.ceil((squares * across * (2_000_000 + pixels)) / 4_000_000);
  if (!STANDARD.includes(size)) return ofSecond;
  const ofFirst = Math.ceil(height / side) * (Math.ceil(width / side) + 1);
  return Math.max(ofFirst, ofSecond);
}
