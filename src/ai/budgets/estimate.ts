import type { Usage } from '../../contracts/usage.ts';
import { base64Bytes } from '../../lib/base64-strings.ts';
import { spelledOut } from '../../lib/spelled-out.ts';
import type { GivenTokens } from '../given-tokens.ts';
import { broughtPictures } from './brought-pictures.ts';
import { dearestPicture } from './dearest-picture.ts';
import { picturesIn } from './named-pictures.ts';

/**
 * Bytes of a request's body a token: 4 of English prose and 3 of most other writing, both with less in the form around
 * it. Three is therefore rather too many tokens than too few, and costs nothing to find out, where counting them costs
 * 0.2 ms a kilobyte.
 */
const BYTES_A_TOKEN = 3;
/** Few models read more at once; what a body has beyond it is pictures and sound. */
const LONGEST_INPUT = 200_000;
/** In base64: there is no picture below it, and words without a space are shorter. */
const SHORTEST_MEDIA = 1024;

/** A picture as large as most models look at (Anthropic, 1568 pixels a side). */
export const TOKENS_A_PICTURE = 1600;

/** Tokens of a text of so many bytes, rather too many. */
export const textTokens = (bytes: number): number => Math.ceil(bytes / BYTES_A_TOKEN);

/**
 * Bytes of what a long body holds in base64: pictures, sound and files, whatever the fields are called that they stand in.
 * @param body JSON
 */
export const mediaBytes = (body: Buffer): number =>
  textTokens(body.length) <= LONGEST_INPUT ? 0 : base64Bytes(body, SHORTEST_MEDIA);

/**
 * What a call may come to: its input by length, and all the output that it allows.
 * @param window tokens that the model asked is known to read; 0 = it is not
 * @param media bytes that are no text: they count as before anybody knew the window
 */
export function usageAtMost(bytes: number, maxOutput: number, window = 0, media = 0): Usage {
  const read = textTokens(bytes - media) + Math.min(LONGEST_INPUT, textTokens(media));
  return { input: Math.min(Math.max(LONGEST_INPUT, window), read), output: maxOutput, cached: 0 };
}

/**
 * What a chat may come to, in whosever words: its pictures, sound and files are no text. A picture comes to what the dearest does that
 * the models are known to bill, however many bytes it has; where that is not known, to its bytes and what most bill.
 * @param models that may answer, as their providers name them
 */
export function chatAtMost(
  body: Buffer,
  maxOutput: number,
  window: number,
  models: readonly string[],
): Usage {
  const media = mediaBytes(body);
  const each = dearestPicture(models);
  const plain = spelledOut(body);
  const named = picturesIn(plain);
  // The tool that makes pictures bills those that it is shown once more.
  if (each === undefined || plain.includes('"image_generation"')) {
    const all = usageAtMost(body.length, maxOutput, window, media);
    return withSeen(all, named * TOKENS_A_PICTURE, named > 0 ? base64Bytes(body, SHORTEST_MEDIA) : media);
  }
  const inBase64 = base64Bytes(body, SHORTEST_MEDIA);
  const { count, bytes } = inBase64 > 0 ? broughtPictures(body) : { count: 0, bytes: 0 };
  const rest = usageAtMost(body.length - bytes, maxOutput, window, Math.max(0, media - bytes));
  return withSeen(rest, each * Math.max(count, named), inBase64 - bytes);
}

/** And the pictures that the body names. */
export function withPictures(usage: Usage, body: Buffer): Usage {
  const named = picturesIn(spelledOut(body));
  return named === 0 ? usage : withSeen(usage, named * TOKENS_A_PICTURE, base64Bytes(body, SHORTEST_MEDIA));
}

/**
 * And pictures, which may have a rate of their own.
 * @param pictures tokens of theirs that are not counted yet
 * @param media bytes that are counted, and may be pictures, or billed as such (pages of a document)
 */
function withSeen(usage: Usage, pictures: number, media: number): Usage {
  const seen = pictures + Math.min(LONGEST_INPUT, textTokens(Math.max(0, media)));
  if (seen === 0) return usage;
  const input = usage.input + pictures;
  return { ...usage, input, imageInput: Math.min(seen, input) };
}

/**
 * What texts come to at most that stand in one body and are read each for itself (vectors, older completions): no model's
 * window bounds them together.
 * @param given what comes in tokens, which says itself how many there are
 */
export function listAtMost(body: Buffer, given?: GivenTokens): Usage {
  const { tokens = 0, bytes = 0 } = given ?? {};
  const rest = Math.max(0, body.length - bytes);
  const { input } = usageAtMost(rest, 0, Number.POSITIVE_INFINITY, Math.min(rest, mediaBytes(body)));
  return { input: tokens + input, output: 0, cached: 0 };
}
