import { calcPrice, findProvider, type ModelPrice } from '@pydantic/genai-prices';
import type { AiConfig } from '../config/schema/index.ts';
import type { Usage } from '../contracts/usage.ts';
import { own } from '../lib/own.ts';
import { laterPrice } from './later-prices.ts';
import { fastFactor, priorityFactor } from './priority-prices.ts';
import { groundingPrice, searchingPrice } from './search-prices.ts';

export type ConfiguredPrice = AiConfig['prices'][string];

/**
 * What a call costs in US dollars; -1 if there is no price for the model.
 * @param tier the provider's service tier (`flex`, `priority`, `batch`, `fast`), or ''
 */
export type Pricer = (usage: Usage, tier?: string) => number;

/**
 * What a call costs at most whose provider has not said at which tier it was served: a tier that a client names may be
 * refused it, and is no discount before it was given; `auto` is whichever the account is set to, which may be `priority`
 * where the config gives that a price.
 */
export function priceAtMost(price: Pricer, usage: Usage, asked: string): number {
  return Math.max(price(usage), price(usage, asked || 'auto'));
}

/** US dollars per million tokens: always the same, or another from so many input tokens on (for all of the call). */
type Rate = number | { readonly base: number; readonly tiers: readonly { start: number; price: number }[] };

/** What the kinds of tokens cost. A kind without a rate of its own costs what `input` or `output` do. */
interface Rates {
  input: Rate;
  output: Rate;
  cached?: Rate | undefined;
  /** Without one of its own, what was cached costs what `cached` does. */
  cachedAudio?: Rate | undefined;
  cachedImage?: Rate | undefined;
  cacheWrite?: Rate | undefined;
  cacheWriteHour?: Rate | undefined;
  audioInput?: Rate | undefined;
  imageInput?: Rate | undefined;
  reasoning?: Rate | undefined;
  audioOutput?: Rate | undefined;
  imageOutput?: Rate | undefined;
}

const MILLION = 1_000_000;
const THOUSAND = 1_000;
const SECONDS_A_MINUTE = 60;
const SECONDS_AN_HOUR = 3600;

/**
 * Where the table has no price for it: Anthropic writes to the cache for an hour at 2 times the price of input, and for five
 * minutes at 1.25 times (2026).
 */
const HOUR_TO_USUAL = 2 / 1.25;

/** Half the price for an answer that may take its time, as OpenAI, Anthropic and Google sell it (2026). */
const USUAL_TIERS: Readonly<Record<string, number>> = { batch: 0.5, flex: 0.5 };

/**
 * The price of one deployment: the config's own, else what the provider says that it charges, else the table of
 * @pydantic/genai-prices (by the provider's URL where it knows it, else by the model's name alone). The table is asked once
 * here, for its rates: asking it for a price costs 45 µs a call. Prices that change with the time of day are asked for again
 * each minute.
 */
export function pricerOf(model: string, baseUrl: string, configured: ConfiguredPrice | undefined): Pricer {
  if (configured) {
    const { perRequest, tiers, cachedInput: cached, ...rates } = configured;
    const costAt = (usage: Usage): number =>
      perRequest + costOf({ ...rates, cached }, usage) + costOfPieces(configured, usage);
    const factorOf = (tier: string): number =>
      own(tiers, tier) ?? (tier === 'auto' ? tiers.priority : undefined) ?? 1;
    return (usage, tier = '') => costAt(usage) * factorOf(tier);
  }
  const provider = findProvider({ providerApiUrl: baseUrl });
  const options = provider ? { provider } : {};
  const ask = () => calcPrice({ input_tokens: 1, output_tokens: 1 }, model, options);
  const known = ask();
  const listed = known?.model_price ?? laterPrice(model);
  const {
    requests_kcount: requests = 0,
    web_searches_kcount: searches,
    storage_searches_kcount: ofFiles = 0,
    audio_hours: hours,
  } = listed ?? {};
  const factors: typeof USUAL_TIERS = {
    ...USUAL_TIERS,
    priority: priorityFactor(model),
    fast: fastFactor(model),
  };
  const perSecond = amountOf(hours ?? 0) / SECONDS_AN_HOUR;
  const perRequest = amountOf(requests) / THOUSAND + searchingPrice(model);
  const perSearch = searches === undefined ? groundingPrice(model) : () => amountOf(searches) / THOUSAND;
  const perFileSearch = amountOf(ofFiles) / THOUSAND;
  let rates = listed && ratesOf(listed);
  // What used nothing that anybody sells (tokens counted, a text moderated) has no price and needs none.
  if (!rates && perSecond === 0) return (usage) => usage.cost ?? (isNothing(usage) ? 0 : -1);
  const changes = Array.isArray(known?.model.prices);
  let asked = Date.now();
  return (usage, tier = '') => {
    if (usage.cost !== undefined) return usage.cost;
    // It is sold by the second, and nobody knows of any.
    if (!rates && usage.audioSeconds === undefined && !isNothing(usage)) return -1;
    if (changes && Date.now() - asked > 60_000) {
      asked = Date.now();
      rates = ratesOf(ask()?.model_price ?? {}) ?? rates;
    }
    const tokens = rates ? costOf(rates, usage) * (own(factors, tier) ?? 1) * (usage.surcharge ?? 1) : 0;
    const heard = (usage.audioSeconds ?? 0) * perSecond;
    const found = usage.searches ?? 0;
    const inFiles = (usage.fileSearches ?? 0) * perFileSearch;
    return tokens + heard + perRequest + inFiles + (found > 0 ? perSearch(found) * found : 0);
  };
}

/** Prices by the piece have no tiers in the table. */
const amountOf = (price: NonNullable<ModelPrice['requests_kcount']>): number =>
  typeof price === 'number' ? price : price.base;

/** Nothing that anybody sells. */
export const isNothing = (usage: Usage): boolean => Object.values(usage).every((amount) => amount === 0);

function ratesOf(price: ModelPrice): Rates | undefined {
  const { input_mtok: input, output_mtok: output } = price;
  // Embeddings have no output, and some services that are paid by the call or the image no tokens at all.
  if (input === undefined && output === undefined) return undefined;
  return {
    input: input ?? 0,
    output: output ?? 0,
    cached: price.cache_read_mtok,
    cachedAudio: price.cache_audio_read_mtok,
    cachedImage: price.cache_image_read_mtok,
    cacheWrite: price.cache_write_mtok,
    cacheWriteHour: price.cache_write_1h_mtok,
    audioInput: price.input_audio_mtok,
    imageInput: price.input_image_mtok,
    reasoning: price.output_reasoning_mtok,
    audioOutput: price.output_audio_mtok,
    imageOutput: price.output_image_mtok,
  };
}

function costOf(rates: Rates, usage: Usage): number {
  const { input, output, cached, cacheWrite = 0, cacheWriteHour = 0, audioInput = 0, imageInput = 0 } = usage;
  const { reasoning = 0, audioOutput = 0, imageOutput = 0, cachedAudio = 0, cachedImage = 0 } = usage;
  const [freshAudio, freshImage] = [audioInput - cachedAudio, imageInput - cachedImage];
  const at = (rate: Rate | undefined, otherwise: Rate): number => rateAt(rate ?? otherwise, input);
  // A provider may count a token under two heads (sound that was cached, unsaid): the rest is never less than nothing.
  const plainInput = Math.max(0, input - cached - cacheWrite - freshAudio - freshImage);
  const plainCached = Math.max(0, cached - cachedAudio - cachedImage);
  const cachedRate = rates.cached ?? rates.input;
  const plainOutput = Math.max(0, output - reasoning - audioOutput - imageOutput);
  // Where writing has no price of its own, it costs what input does, however long it is kept.
  const forAnHour =
    rates.cacheWriteHour === undefined
      ? at(rates.cacheWrite, rates.input) * (rates.cacheWrite === undefined ? 1 : HOUR_TO_USUAL)
      : at(rates.cacheWriteHour, rates.input);
  return (
    (plainInput * at(rates.input, 0) +
      plainCached * at(cachedRate, 0) +
      cachedAudio * at(rates.cachedAudio, cachedRate) +
      cachedImage * at(rates.cachedImage, cachedRate) +
      (cacheWrite - cacheWriteHour) * at(rates.cacheWrite, rates.input) +
      cacheWriteHour * forAnHour +
      freshAudio * at(rates.audioInput, rates.input) +
      freshImage * at(rates.imageInput, rates.input) +
      plainOutput * at(rates.output, 0) +
      reasoning * at(rates.reasoning, rates.output) +
      audioOutput * at(rates.audioOutput, rates.output) +
      imageOutput * at(rates.imageOutput, rates.output)) /
    MILLION
  );
}

/** What is sold by the piece. */
function costOfPieces(price: ConfiguredPrice, usage: Usage): number {
  const { images = 0, audioSeconds = 0, characters = 0 } = usage;
  const { searches = 0, fileSearches = 0, containers = 0 } = usage;
  return (
    images * (price.perImage ?? 0) +
    (audioSeconds / SECONDS_A_MINUTE) * (price.perAudioMinute ?? 0) +
    (characters / MILLION) * (price.perMillionCharacters ?? 0) +
    searches * (price.perSearch ?? 0) +
    fileSearches * (price.perFileSearch ?? 0) +
    containers * (price.perContainer ?? 0)
  );
}

function rateAt(rate: Rate, input: number): number {
  if (typeof rate === 'number') return rate;
  let price = rate.base;
  for (const tier of rate.tiers) if (input > tier.start) price = tier.price;
  return price;
}
