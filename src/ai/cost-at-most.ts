import type { Usage } from '../contracts/usage.ts';
import { type Pricer, priceAtMost } from './prices.ts';

/** What of a call may be billed at a rate of its own, as far as its request tells. */
export interface DearKinds {
  /** Input that the provider is to keep, for how long; '' = the request doesn't ask for it. */
  readonly cacheWrite: '' | 'usual' | 'hour';
  /** Output that is pictures, or sound, where the model can make them. */
  readonly pictures: boolean;
  readonly sound: boolean;
  /** Searches of the web by a model that makes them whether it is asked to or not. */
  readonly searches: number;
}

/** OpenAI's since 5.6 write each prompt of so many tokens to their cache, and bill it, whatever is asked for. */
const WRITES_UNASKED = /(?:^|[./])gpt-(?:5\.(?:[6-9]|\d\d)|[6-9]|\d\d)/i;
const LEAST_WRITTEN = 1024;
/** Perplexity's, which is sold by the search; of its others a request has one price. */
const SEARCHES_UNASKED = /(?:^|\/)sonar-deep-research/i;

/**
 * What a call costs at most: each of its tokens is of the dearest kind that it may be. A kind without a rate of its own costs what
 * the others do, so that a chat of words comes to what its words do.
 *
 * @param usage of which the kinds count that it names, and none beside them
 * @param tier that the client asks for, or ''
 * @returns US dollars; -1 if the model has no price
 */
export function costAtMost(
  { model, price }: { readonly model: string; readonly price: Pricer },
  usage: Usage,
  tier: string,
  kinds: DearKinds,
): number {
  const costOf = (each: Usage): number => priceAtMost(price, each, tier);
  const dearest = (all: readonly Usage[]): Usage =>
    all.reduce((most, each) => (costOf(each) > costOf(most) ? each : most));
  const whole = SEARCHES_UNASKED.test(model) ? { ...usage, searches: kinds.searches } : usage;
  return costOf(dearest(inputsOf(dearest(outputsOf(whole, kinds)), model, kinds)));
}

function outputsOf(usage: Usage, { pictures, sound }: DearKinds): Usage[] {
  const { output, imageOutput, audioOutput, reasoning } = usage;
  const all = [usage];
  if ((imageOutput ?? audioOutput ?? reasoning) !== undefined) return all;
  all.push({ ...usage, reasoning: output });
  if (pictures) all.push({ ...usage, imageOutput: output });
  if (sound) all.push({ ...usage, audioOutput: output });
  return all;
}

function inputsOf(usage: Usage, model: string, { cacheWrite }: DearKinds): Usage[] {
  const { input, audioInput, imageInput = 0 } = usage;
  const all = [usage];
  if (audioInput !== undefined) return all;
  const isWritten = cacheWrite !== '' || (input >= LEAST_WRITTEN && WRITES_UNASKED.test(model));
  // What may be pictures is billed as such, or as all the rest.
  for (const seen of imageInput > 0 ? [imageInput, 0] : [0]) {
    const each = imageInput > 0 ? { ...usage, imageInput: seen } : usage;
    const written = input - seen;
    if (seen !== imageInput) all.push(each);
    if (isWritten) all.push({ ...each, cacheWrite: written });
    if (cacheWrite === 'hour') all.push({ ...each, cacheWrite: written, cacheWriteHour: written });
  }
  return all;
}
