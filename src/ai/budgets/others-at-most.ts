import type { FormatName } from '../../contracts/format.ts';
import type { OtherUsage, Usage } from '../../contracts/usage.ts';
import { spelledOut } from '../../lib/spelled-out.ts';
import type { ChatCall } from '../chat-call.ts';
import { costAtMost, type DearKinds } from '../cost-at-most.ts';
import type { Answerer, Deployment } from '../models/deployment.ts';
import type { AskedModel } from './asked-models.ts';
import { textTokens } from './estimate.ts';
import { picturesIn } from './named-pictures.ts';

/** In whose words each of them is asked for. */
const ASKED_IN: Readonly<Record<AskedModel['does'], readonly string[]>> = {
  paint: ['openai-responses'],
  author: ['openai-responses', 'openai-images'],
  advise: ['anthropic-messages'],
  'stand-in': ['anthropic-messages'],
};

/** What a model that makes pictures is told, of at most 32,000 characters; and what it makes of one that it is shown (gpt-image-1). */
const LONGEST_PROMPT = textTokens(32_000);
const TOKENS_A_SHOWN_PICTURE = 6_240 + 65 + 6 * 129;

/** Who may answer a call and knows the words in which it asks for other models. */
function knowing({ candidates, format: { name } }: ChatCall): readonly Deployment[] {
  const all = candidates.flatMap(({ deployments }) => deployments);
  return name === 'passthrough' ? all : all.filter(({ provider }) => provider.native[name]);
}

/**
 * Those of a request that its provider knows to be asked.
 * @param name of the format that the call is in; '' = nobody here knows it
 */
export const asksIn = (
  name: FormatName | 'translated' | '',
  asks: readonly AskedModel[],
): readonly AskedModel[] =>
  asks.length === 0
    ? asks
    : asks.filter(({ does }) =>
        // Other vendors make SVG by themselves.
        name === '' ? does !== 'author' : ASKED_IN[does].includes(name),
      );

/** The models that the provider of a call may ask beside the one that it is for. */
export const othersOf = ({ request, format: { name } }: ChatCall): readonly AskedModel[] =>
  name === 'passthrough' ? (request?.asks ?? []) : asksIn(name, request?.asks ?? []);

/** By what names budgets know these models: no budget of theirs is walked around. */
export function namesOfOthers(call: ChatCall, asks: readonly AskedModel[]): string[] {
  if (asks.length === 0) return [];
  const { catalog } = call;
  const models = catalog.names().flatMap((name) => catalog.get(name) ?? []);
  return knowing(call).flatMap(({ providerName }) =>
    asks.flatMap(({ model }) => {
      const leading = models.filter(({ deployments }) =>
        deployments.some((each) => each.providerName === providerName && each.model === model),
      );
      return leading.length > 0 ? leading.map(({ name }) => name) : [`${providerName}/*`];
    }),
  );
}

/**
 * What these models may come to.
 * @param once the call itself
 * @param output tokens of who is not told a maximum
 */
export const othersAtMost = (
  asks: readonly AskedModel[],
  once: Usage,
  bytes: Buffer,
  output: number,
): (OtherUsage & Pick<AskedModel, 'isCached'>)[] =>
  asks.map((ask) => ({
    model: ask.model,
    usage: atMost(ask, once, bytes, output),
    isCached: ask.isCached,
  }));

function atMost(
  { does, times, output: most }: AskedModel,
  once: Usage,
  bytes: Buffer,
  output: number,
): Usage {
  const all = once.input + once.output;
  switch (does) {
    case 'paint':
      return painted(once.output, bytes, times, most);
    case 'author':
      return { input: LONGEST_PROMPT, output, cached: 0 };
    case 'advise':
      // It reads all that has been said by then.
      return { input: times * all, output: times * (most || output), cached: 0 };
    case 'stand-in':
      // Who declined in the middle may have written all but the end.
      return { input: all, output: most || once.output, cached: 0 };
  }
}

/** @param told tokens that the model which was asked may write to it, or pass on */
function painted(told: number, bytes: Buffer, times: number, each: number): Usage {
  // The tool itself has a name like theirs.
  const pictures = Math.max(0, picturesIn(spelledOut(bytes)) - 1);
  const shown = pictures * TOKENS_A_SHOWN_PICTURE;
  const input = times * (Math.min(LONGEST_PROMPT, told) + shown);
  const output = times * each;
  return { input, imageInput: times * shown, output, imageOutput: output, cached: 0, images: times };
}

/** In US dollars; -1 if one of them has no price with somebody who may be asked. */
export function costOfOthers(
  call: ChatCall,
  others: ReturnType<typeof othersAtMost>,
  tier: string,
  kinds: DearKinds,
): number {
  const deployments = others.length > 0 ? knowing(call) : [];
  let sum = 0;
  for (const other of others) {
    const costs = deployments.map((each) => costOfOther(other, each, tier, kinds));
    if (costs.includes(-1)) return -1;
    sum += Math.max(0, ...costs);
  }
  return sum;
}

/** What one of them costs at most. @param by whose provider asks it */
export const costOfOther = (
  { model, usage, isCached }: ReturnType<typeof othersAtMost>[number],
  { price, priceOf }: Pick<Answerer, 'price' | 'priceOf'>,
  tier: string,
  kinds: DearKinds,
): number =>
  model === ''
    ? -1
    : costAtMost(
        { model, price: priceOf?.(model) ?? price },
        usage,
        tier,
        isCached ? { ...kinds, cacheWrite: 'hour' } : kinds,
      );
