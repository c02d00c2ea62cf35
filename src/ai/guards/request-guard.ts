import type { GuardedRequest, ModelGuard, RequestText } from '../../contracts/guard.ts';
import type { JsonObject } from '../../contracts/model-request.ts';
import { GatewayError } from '../../errors/gateway-error.ts';
import { jsonShape } from '../../lib/json-shape.ts';
import type { ChatCall } from '../chat-call.ts';
import { holdsTokens } from '../holds-tokens.ts';
import { replaceBody } from '../replace-body.ts';
import { requestTexts, SignedText } from './request-texts.ts';

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
 * Shows what a call asks to its guards. What goes on is the body as it was read: where two keys of the same name, or a
 * number written oddly, would be read otherwise by somebody else, they see what the guards saw.
 */
export class RequestGuard {
  readonly #guards: readonly ModelGuard[];
  /** What became of each text, by who says it; undefined: there is one body alone. */
  readonly #became: Map<string, string> | undefined;
  #hasAsked = false;
  /** Output tokens that the guards allow; undefined: as many as before. */
  #lowered: number | undefined;

  /** @param isForMany bodies of other providers come that say the same, for the most part */
  constructor(guards: readonly ModelGuard[], isForMany: boolean) {
    this.#guards = guards;
    this.#became = isForMany ? new Map() : undefined;
  }

  /**
   * Puts the guarded body in the place of the call's.
   * @throws what a guard ends the call with, GatewayError `body_malformed` for what is nested too deeply
   */
  async guard(call: ChatCall): Promise<void> {
    const { format } = call;
    // V8 reads any depth and writes only some thousand levels.
    if (jsonShape(call.bytes).depth > MOST_LEVELS)
      throw new GatewayError('body_malformed', { detail: 'It is nested too deeply.' });
    const body = JSON.parse(call.bytes.toString('utf8')) as { [key: string]: unknown };
    const maxima = maximaOf(body, format);
    const unreadable = format.kind === 'embeddings' && holdsTokens(body.input) ? unreadTokens() : undefined;
    await this.#show(this.#unseen(requestTexts(body, call.ownEntries)), unreadable, maxima.most);
    if (this.#lowered !== undefined && format.kind === 'chat') maxima.lower(this.#lowered);
    replaceBody(call, body as JsonObject);
  }

  /** Sets those that were shown before to what became of them. What is signed stands in one body alone. */
  #unseen(texts: readonly RequestText[]): readonly RequestText[] {
    const became = this.#became;
    if (!became || became.size === 0) return texts;
    return texts.filter((each) => {
      const known = each instanceof SignedText ? undefined : became.get(keyOf(each));
      if (known !== undefined) each.text = known;
      return known === undefined;
    });
  }

  async #show(
    texts: readonly RequestText[],
    unreadable: GatewayError | undefined,
    most: number | undefined,
  ): Promise<void> {
    if (this.#hasAsked && texts.length === 0) return;
    const keys = this.#became && texts.map(keyOf);
    const request: GuardedRequest = {
      get texts() {
        if (unreadable) throw unreadable;
        return texts;
      },
      unreadable,
      maxTokens: most,
    };
    for (const guard of this.#guards) {
      const verdict = await guard.onRequest?.(request);
      if (verdict) throw verdict;
    }
    this.#hasAsked = true;
    if (request.maxTokens !== most) this.#lowered = request.maxTokens;
    for (const [at, each] of texts.entries())
      if (!(each instanceof SignedText)) this.#became?.set(keys?.[at] as string, each.text);
  }
}

const keyOf = ({ role, text }: RequestText): string => `${role}\n${text}`;

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
  return {
    most: isBound ? Math.max(...named.map((field) => body[field] as number)) : undefined,
    lower(to) {
      for (const field of named) body[field] = isMaximum(body[field]) ? Math.min(body[field], to) : to;
      if (own.length === 0 && maxima[0] !== undefined) body[maxima[0]] = to;
    },
  };
}
