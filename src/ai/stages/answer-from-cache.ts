import { answerKeys } from '../cache/answer-keys.ts';
import type { CacheSettings } from '../cache/cache-work.ts';
import type { KeptAnswer } from '../cache/kept-answer.ts';
import { numbersIn, type Question, unitVector } from '../cache/questions.ts';
import { replay } from '../cache/replay.ts';
import { requestControl } from '../cache/request-control.ts';
import type { ChatCall } from '../chat-call.ts';
import { openaiEmbeddings } from '../formats/openai-embeddings/index.ts';
import { gatherAnswer } from '../gather-answer.ts';
import type { AskInside } from '../inner-call.ts';
import type { Model } from '../models/catalog.ts';

/**
 * Gives an answer that was kept, where the model keeps any, and else remembers what this one would be kept under.
 * @param askInside asks the model that makes vectors
 */
export const answerFromCache =
  (askInside: AskInside) =>
  (call: ChatCall): void | Promise<void> => {
    const [model] = call.candidates;
    const settings = model?.cache;
    if (settings && call.format.kind !== 'operation' && !call.answer)
      return giveKept(call, model, settings, askInside);
  };

async function giveKept(
  call: ChatCall,
  model: Model,
  settings: CacheSettings,
  askInside: AskInside,
): Promise<void> {
  const { exchange, headers, ports } = call;
  const control = requestControl(headers['cache-control']);
  // What was said in a conversation is kept there alone: sealed, and until it is erased.
  if (control.noStore || exchange.context) {
    exchange.cache = 'bypass';
    return;
  }
  const { semantic } = settings;
  const keys = answerKeys(call, model, semantic?.model ?? '');
  exchange.cache = 'miss';
  call.caching = { settings, keys, question: undefined };
  const give = async (key: string, how: 'hit' | 'semantic'): Promise<boolean> => {
    const found = await ports.kept.get(key, settings, control.maxAgeMs);
    if (!found) return false;
    const { answer, ageMs } = found;
    const bill = { usage: answer.usage, usd: answer.usd };
    const { charge } = settings;
    call.answer = replay(call, answer, keys.streamOptions, { ageMs, bill, charge });
    if (!call.answer) return false;
    noteGiver(call, answer);
    exchange.cache = how;
    exchange.cacheAgeMs = ageMs;
    call.caching = undefined;
    return true;
  };
  if (!control.noCache && (await give(keys.exact, 'hit'))) return;
  if (!semantic || keys.like === undefined) return;
  const question = await vectorOf(call, askInside, semantic, keys.like, keys.question);
  if (!question) return;
  call.caching.question = question;
  if (control.noCache) return;
  const questions = ports.kept.questions(`${model.name} ${semantic.model}`, semantic.memory);
  const near = questions.find(question, semantic.threshold);
  if (near && !(await give(near.key, 'semantic'))) questions.delete(near.key);
}

/** Who had given it. No upstream was asked, and the record names none. */
function noteGiver({ exchange: { ai } }: ChatCall, { by }: KeptAnswer): void {
  if (ai) Object.assign(ai, { provider: by.providerName, upstreamModel: by.model, version: by.version });
}

/** @returns undefined if nobody made one in time: then a model is asked */
async function vectorOf(
  call: ChatCall,
  askInside: AskInside,
  { model, timeout }: NonNullable<CacheSettings['semantic']>,
  like: string,
  text: string,
): Promise<Question | undefined> {
  const body = { model, input: text, encoding_format: 'float' };
  try {
    const { parts } = await askInside(call, { purpose: 'cache', format: openaiEmbeddings, body, timeout });
    const vector = unitVector(gatherAnswer(parts).vectors[0]);
    return vector && { like, vector, numbers: numbersIn(text) };
  } catch (error) {
    if (call.exchange.cancel.aborted) throw error;
    call.ports.kept.failed(error, 'a question got no vector: like ones are not looked for');
    return undefined;
  }
}
