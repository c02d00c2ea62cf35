import { isObject, objectOf, textOf } from '../../lib/json.ts';
import { countOf } from '../dialects/count.ts';
import { pictureTokens } from '../picture-tokens.ts';

/** A model that a request lets its provider ask beside the one that it is for. */
export interface AskedModel {
  /** As the provider calls it; '' = the provider chooses. */
  readonly model: string;
  /** Makes pictures as a tool, writes one as SVG, advises, or stands in for one that declines. */
  readonly does: 'paint' | 'author' | 'advise' | 'stand-in';
  /** How often it may be asked. */
  readonly times: number;
  /** Tokens that it may put out each time; 0 = the request does not say. */
  readonly output: number;
  /** What it is given is written to a cache, whatever else of the request is. */
  readonly isCached: boolean;
}

type Fields = Readonly<Record<string, unknown>>;

const NONE: readonly AskedModel[] = Object.freeze([]);

/** What OpenAI's tool makes pictures with where a request names none (SDK of November 2026). */
const PAINTER = 'gpt-image-2.6-sunburst';
/** A conversation is seldom advised more often, where its request sets no bound. */
const CONSULTATIONS = 3;

/** Anthropic's, by the day on which it was made. */
const ADVISOR = /^advisor_\d{8}$/;

const ONCE = { times: 1, output: 0, isCached: false } as const;

/** @param body of a request, as parsed: nothing is known of it */
export function askedModels(body: Fields): readonly AskedModel[] {
  const { tools, fallbacks, output_format: format, max_tool_calls: calls } = body;
  if (!tools && !fallbacks && format === undefined) return NONE;
  const all = [
    ...(Array.isArray(tools) ? tools.flatMap((tool) => ofTool(tool, countOf(calls))) : NONE),
    ...(fallbacks ? standInsOf(fallbacks) : NONE),
    ...authorOf(body),
  ];
  return all.length === 0 ? NONE : all;
}

/** Who makes the pictures of a request's tool. */
export const painterOf = ({ asks }: { readonly asks: readonly AskedModel[] }): string =>
  asks.find(({ does }) => does === 'paint')?.model ?? PAINTER;

/** @param calls of tools that the request allows; 0 = any number */
function ofTool(tool: unknown, calls: number): readonly AskedModel[] {
  if (!isObject(tool)) return NONE;
  const { type, max_uses: uses, max_tokens: output, caching } = tool;
  const model = textOf(tool.model);
  if (type === 'image_generation') {
    // One picture is usual, where nothing says how many.
    const paints = { ...ONCE, does: 'paint', times: calls || 1, output: pictureTokens(tool) } as const;
    return [{ ...paints, model: model || PAINTER }, ...authorOf(tool)];
  }
  if (typeof type !== 'string' || !ADVISOR.test(type)) return NONE;
  const isCached = caching !== undefined && caching !== null;
  return [
    { model, does: 'advise', times: countOf(uses) || CONSULTATIONS, output: countOf(output), isCached },
  ];
}

/** Anthropic's: a list, or `default`, which is whichever Anthropic would have. It takes three. */
const standInsOf = (fallbacks: unknown): AskedModel[] =>
  (Array.isArray(fallbacks) ? fallbacks.slice(0, MOST_STAND_INS) : [{}]).map((each) => {
    const { model, max_tokens: output } = objectOf(each);
    return { ...ONCE, model: textOf(model), does: 'stand-in', output: countOf(output) };
  });
const MOST_STAND_INS = 10;

/** OpenAI's pictures in SVG are written by a model of words; which it is where none is named, OpenAI does not say. */
const authorOf = ({ output_format: format, svg }: Fields): AskedModel[] =>
  format === 'svg' ? [{ ...ONCE, model: textOf(objectOf(svg).model), does: 'author' }] : [];
