import type { GuardedRequest, ModelGuard, RequestText } from '../../contracts/guard.ts';
import type { JsonObject } from '../../contracts/model-request.ts';
import { GatewayError } from '../../errors/gateway-error.ts';
import { isObject } from '../../lib/json.ts';
import { jsonShape } from '../../lib/json-shape.ts';
import type { ChatCall } from '../chat-call.ts';
import { LEAST_BUDGET } from '../dialects/anthropic-thinking.ts';
import { holdsTokens } from '../given-tokens.ts';
import { writeStrings } from './json-strings.ts';
import { leaveOut, requestTexts, SignedText } from './request-texts.ts';

/** As of bodies that policies of API routes read. */
const MOST_LEVELS = 200;

/** llama.cpp's, which goes before `max_tokens` there, whatever kind of provider it is configured as. Others don't know it. */
const OTHER_MAXIMA = ['n_predict'];

const unreadTokens = (): GatewayError =>
  new GatewayError('field_not_supported', {
    param: 'input',
    detail: 'The field is input: the guards of this route read texts, and no tokens.',
  });

/**
 * Shows what a call asks to its guards, in however many bodies it is written for those who may be asked: a text that stands in
 * several is shown once. What goes on are the bodies as they were read: where two keys of the same name, or a number written
 * oddly, would be read otherwise by somebody else, they see what the guards saw.
 *
 * @throws what a guard ends the call with, GatewayError `body_malformed` for what is nested too deeply
 */
export async function guardBodies(
  guards: readonly ModelGuard[],
  { format, cancel }: Pick<ChatCall, 'format' | 'cancel'>,
  bodies: readonly Pick<ChatCall, 'bytes' | 'kept'>[],
): Promise<JsonObject[]> {
  const read = bodies.map(({ bytes, kept }) => {
    // V8 reads any depth and writes only some thousand levels.
    if (jsonShape(bytes).depth > MOST_LEVELS)
      throw new GatewayError('body_malformed', { detail: 'It is nested too deeply.' });
    const body = JSON.parse(bytes.toString('utf8')) as { [key: string]: unknown };
    return { body, texts: requestTexts(body, kept), maxima: maximaOf(body, format) };
  });
  const [first] = read;
  const unreadable =
    format.kind === 'embeddings' && holdsTokens(first?.body.input) ? unreadTokens() : undefined;
  const texts = read.length === 1 ? (first?.texts ?? []) : shared(read.flatMap((each) => each.texts));
  const most = first?.maxima.most;
  const request: GuardedRequest = {
    get texts() {
      if (unreadable) throw unreadable;
      return texts;
    },
    unreadable,
    maxTokens: most,
    leaving: cancel,
  };
  for (const guard of guards) {
    const verdict = await guard.onRequest?.(request);
    if (verdict) throw verdict;
  }
  const { maxTokens } = request;
  return read.map(({ body, texts: own, maxima }) => {
    leaveOut(own);
    writeStrings(own);
    if (maxTokens !== undefined && maxTokens !== most && format.kind === 'chat') maxima.lower(maxTokens);
    return body as JsonObject;
  });
}

/** The same words by the same speaker as one text, wherever they stand. */
function shared(texts: readonly RequestText[]): RequestText[] {
  const groups = Map.groupBy(texts, (each) =>
    each instanceof SignedText ? each : `${each.role} ${each.isKept}\n${each.text}`,
  );
  return [...groups.values()].map((places) =>
    places.length === 1 ? (places[0] as RequestText) : new SharedText(places),
  );
}

class SharedText implements RequestText {
  readonly #places: readonly RequestText[];

  constructor(places: readonly RequestText[]) {
    this.#places = places;
  }

  get #first(): RequestText {
    return this.#places[0] as RequestText;
  }

  get role(): string {
    return this.#first.role;
  }

  get isKept(): boolean {
    return this.#first.isKept;
  }

  get text(): string {
    return this.#first.text;
  }

  set text(text: string) {
    for (const place of this.#places) place.text = text;
  }
}

/** The output tokens that a body allows, in whichever fields it says so. */
function maximaOf(
  body: { [key: string]: unknown },
  { name, maxima = [] }: ChatCall['format'],
): { most: number | undefined; lower(to: number): void } {
  // Servers of one's own take -1 for no maximum at all; by a 0 Anthropic only keeps the prompt, and says nothing.
  const least = name === 'anthropic-messages' ? 0 : 1;
  const isMaximum = (value: unknown): value is number =>
    Number.isSafeInteger(value) && (value as number) >= least;
  const isNamed = (field: string): boolean => body[field] !== undefined && body[field] !== null;
  const own = maxima.filter(isNamed);
  const named = [...own, ...OTHER_MAXIMA.filter(isNamed)];
  const isBound = own.length > 0 && named.every((field) => isMaximum(body[field]));
  const most = isBound ? Math.max(...named.map((field) => body[field] as number)) : undefined;
  return {
    most,
    lower(to) {
      for (const field of named) body[field] = isMaximum(body[field]) ? Math.min(body[field], to) : to;
      if (own.length === 0 && maxima[0] !== undefined) body[maxima[0]] = to;
      if (name === 'anthropic-messages') lowerThinking(body, to, most);
    },
  };
}

/**
 * Anthropic refuses a budget of thoughts that is no less than all of the answer. Half is left for the answer itself, as where an
 * effort is asked for. One that was no less before is for all that is thought between calls of tools, and stays.
 */
function lowerThinking(body: { [key: string]: unknown }, to: number, most = Number.POSITIVE_INFINITY): void {
  const { thinking } = body;
  if (!isObject(thinking) || typeof thinking.budget_tokens !== 'number') return;
  if (thinking.budget_tokens < to || thinking.budget_tokens >= most) return;
  const budget = Math.floor(to / 2);
  body.thinking = budget < LEAST_BUDGET ? { type: 'disabled' } : { ...thinking, budget_tokens: budget };
}
