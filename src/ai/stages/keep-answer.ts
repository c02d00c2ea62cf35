import type { StreamPart } from '../../contracts/stream-part.ts';
import type { CacheWork } from '../cache/cache-work.ts';
import type { KeptAnswer } from '../cache/kept-answer.ts';
import type { ChatCall, CommittedAnswer } from '../chat-call.ts';

/**
 * Arranges that the answer is kept once it is over: whole, well ended, and the model's own. What a fallback or rules
 * said, what was cut, filtered or refused, is nothing to say again.
 */
export function keepAnswer(call: ChatCall): void {
  const { caching, answer, exchange, ports } = call;
  if (!caching || !answer || !mayBeKept(caching, answer)) return;
  const keep = async (): Promise<void> => {
    await call.settled;
    const { ai } = exchange;
    const kept = exchange.reason === 'ok' && ai?.outcome === 'complete' && keptAnswer(call, answer, caching);
    if (!kept || !ai) return;
    const { settings, keys, question } = caching;
    const about = {
      url: exchange.path,
      tags: [`model:${ai.model}`, `consumer:${exchange.consumer}`],
      requestedAt: exchange.startedAt,
    };
    const isKept = await ports.kept.put(keys.exact, kept, settings, about);
    const { semantic } = settings;
    if (!isKept || !question || !semantic) return;
    const of = `${call.candidates[0]?.name} ${semantic.model}`;
    ports.kept.questions(of, semantic.memory).add(question, keys.exact);
  };
  // Nobody waits for it: the call is over and in the books.
  exchange.atEnd(() => void keep());
}

/** Only what the key speaks of: not of a fallback, nor of another target where a caller always gets one. */
const mayBeKept = (
  { keys: { behind } }: CacheWork,
  { statusCode, deployment: { name, version }, kind }: CommittedAnswer,
): boolean => statusCode === 200 && kind !== 'bytes' && behind.includes(`${name}@${version}`);

const ITEM: StreamPart = { type: 'item' };

function keptAnswer(call: ChatCall, answer: CommittedAnswer, { keys }: CacheWork): KeptAnswer | undefined {
  const { exchange, format } = call;
  const { deployment, facts } = answer;
  const {
    tokensIn: input = 0,
    tokensOut: output = 0,
    tokensCached: cached = 0,
    usd = -1,
  } = exchange.ai ?? {};
  // What other models did for it is in the sums.
  const said = facts?.usage;
  const usage = said && !said.byOthers ? said : { input, output, cached };
  const { providerName, model, version, name, headerName } = deployment;
  const about = { usage, usd, by: { providerName, model, version, name, headerName } };
  if (answer.kind === 'whole') {
    if (!answer.isOriginal) return { ...about, parts: answer.parts };
    // Vectors are large, and have one form.
    const parts =
      format.kind === 'embeddings'
        ? answer.parts.map((part) => (part.type === 'embedding' ? ITEM : part))
        : answer.parts;
    return { ...about, parts, whole: answer.body.toString('utf8') };
  }
  const taped = answer.kind === 'stream' ? answer.watch.tape?.answer : undefined;
  if (answer.kind !== 'stream' || !taped) return undefined;
  if (!answer.isOriginal) return { ...about, parts: taped.parts };
  const { withheld } = answer.watch;
  const bytes = withheld ? withheld.without(taped.bytes) : taped.bytes;
  return {
    ...about,
    parts: taped.parts,
    stream: { text: bytes.toString('utf8'), options: keys.streamOptions },
  };
}
