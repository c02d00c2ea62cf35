import { randomBytes } from 'node:crypto';
import type { JsonObject } from '../../../contracts/model-request.ts';
import type { Emit, StreamReader } from '../../../contracts/provider.ts';
import type { TokenLogprob } from '../../../contracts/stream-part.ts';
import { objectOf, objectsOf, textOf } from '../../../lib/json.ts';
import { retryAfterIn } from '../../retry-delay.ts';
import { statusMeant } from '../../status-meant.ts';
import { BegunChoices } from '../begun-choices.ts';
import { choiceOf } from '../choice.ts';
import { ending } from '../ending.ts';
import { failedPart } from '../failed-part.ts';
import { convertUsage, tierOf } from '../gemini-usage.ts';
import { ENDINGS, endingWord } from './endings.ts';

/** Reads the chunks of an answer: each has the form of a whole one, and says what comes on top. */
export class ChunkReader implements StreamReader {
  readonly #emit: Emit;
  readonly #begun: BegunChoices;
  /** The answer's; one of ours where it has none. */
  #id: string | undefined;
  #tier = '';
  /** How many calls a choice has. */
  readonly #calls = new Map<number, number>();
  /** What it searched the web for. */
  readonly #searches = new Set<string>();

  constructor(emit: Emit) {
    this.#emit = emit;
    this.#begun = new BegunChoices(emit);
  }

  read(chunk: JsonObject): void {
    if (chunk.error) {
      const { message, code, status } = objectOf(chunk.error);
      const failed = failedPart(textOf(message), statusMeant(Number(code), chunk), status);
      const seconds = Number(retryAfterIn(chunk)['retry-after'] ?? 0);
      this.#emit(seconds > 0 ? { ...failed, retryAfterMs: seconds * 1000 } : failed);
      return;
    }
    if (this.#id === undefined) {
      const id = textOf(chunk.responseId);
      // Ids of calls are made of it, and may have 40 letters.
      this.#id = id || randomBytes(12).toString('hex');
      this.#emit({ type: 'start', id, model: textOf(chunk.modelVersion) });
    }
    for (const candidate of objectsOf(chunk.candidates)) this.#readCandidate(candidate);
    // The prompt itself was refused: there are no candidates then. Why, may be a number (`enum-encoding=int`).
    if (objectOf(chunk.promptFeedback).blockReason) this.#emit({ type: 'finish', reason: 'content_filter' });
    const reported = objectOf(chunk.usageMetadata);
    const tier = tierOf(reported);
    if (tier !== '' && tier !== this.#tier) this.#emit({ type: 'service-tier', tier });
    if (tier !== '') this.#tier = tier;
    const usage = convertUsage(reported);
    const { size: searches } = this.#searches;
    if (usage) this.#emit({ type: 'usage', usage: searches > 0 ? { ...usage, searches } : usage });
  }

  #readCandidate(candidate: JsonObject): void {
    const { index, finishReason } = candidate;
    const choice = choiceOf(index);
    const at = choice ?? 0;
    this.#begun.saw(choice);
    for (const part of objectsOf(objectOf(candidate.content).parts)) this.#readPart(part, at);
    const { groundingChunks, webSearchQueries } = objectOf(candidate.groundingMetadata);
    for (const query of Array.isArray(webSearchQueries) ? webSearchQueries : [])
      if (typeof query === 'string' && query !== '') this.#searches.add(query);
    for (const { web } of objectsOf(groundingChunks)) {
      const { uri, title } = objectOf(web);
      if (typeof uri === 'string')
        this.#emit({ type: 'citation', citation: { url: uri, title: textOf(title) }, choice });
    }
    const tokens = readLogprobs(objectOf(candidate.logprobsResult));
    if (tokens.length > 0) this.#emit({ type: 'logprobs', tokens, choice });
    const word = endingWord(finishReason);
    if (word === undefined) return;
    const ended = ending(word, ENDINGS, choice);
    // Gemini stops at a call as it stops at the end of a text.
    const isCall = ended.type === 'finish' && ended.reason === 'stop' && this.#calls.has(at);
    this.#emit(isCall ? { ...ended, reason: 'tool_calls' } : ended);
  }

  #readPart(part: JsonObject, at: number): void {
    const choice = at === 0 ? undefined : at;
    const text = textOf(part.text);
    const isThought = part.thought === true;
    if (text !== '') this.#emit({ type: isThought ? 'reasoning' : 'text', text, choice });
    const data = textOf(part.thoughtSignature);
    const isCall = part.functionCall !== undefined;
    const picture = objectOf(part.inlineData);
    // Sketches of a thought are none of the answer.
    const isPicture = typeof picture.data === 'string' && !isThought;
    const maker = isCall ? 'google' : isPicture ? 'google-image' : 'google-text';
    // In a stream that of a text comes behind it, with an empty one.
    if (data !== '' && (isCall || isPicture || part.text !== undefined) && !isThought)
      this.#emit({ type: 'reasoning-opaque', data, maker, choice });
    if (isPicture) {
      const mediaType = textOf(picture.mimeType) || 'image/png';
      this.#emit({ type: 'image', mediaType, data: textOf(picture.data), choice });
    }
    if (!isCall) return;
    const { id, name, args } = objectOf(part.functionCall);
    const call = this.#calls.get(at) ?? 0;
    this.#calls.set(at, call + 1);
    this.#emit({
      type: 'tool-call-start',
      call,
      // Gemini knows calls by their place; clients know them by an id, which must differ from turn to turn.
      id: textOf(id) || `call_${this.#id}_${at}_${call}`,
      name: textOf(name),
      choice,
    });
    this.#emit({ type: 'tool-call-arguments', call, text: JSON.stringify(objectOf(args)), choice });
  }
}

function readLogprobs({ chosenCandidates, topCandidates }: JsonObject): TokenLogprob[] {
  const rivals = objectsOf(topCandidates);
  return objectsOf(chosenCandidates).map((chosen, i) => ({
    ...readToken(chosen),
    top_logprobs: objectsOf(rivals[i]?.candidates).map(readToken),
  }));
}

const readToken = ({ token, logProbability }: JsonObject): { token: string; logprob: number } => ({
  token: textOf(token),
  logprob: typeof logProbability === 'number' ? logProbability : 0,
});
