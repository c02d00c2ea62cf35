import type { AnswerFacts, Usage } from '../contracts/usage.ts';
import { addUsage } from './add-usage.ts';
import type { Bill, ChatCall, ChatRequest, EarlierBill } from './chat-call.ts';
import { type Pricer, priceAtMost } from './prices.ts';
import { formTokens, promptText } from './prompt-text.ts';
import { tokensByLength } from './tokens/counter.ts';

/** What an answer came to: as its provider reports it, or counted, for which it takes a promise. */
export function billOf(call: ChatCall, facts: AnswerFacts): Bill | Promise<Bill> {
  // A turn that is given again was paid when it was answered.
  const isReplay = call.exchange.context?.status === 'replay';
  if (facts.usage && (call.answer?.byRules || isLikely(facts.usage, facts)))
    return priced(call, facts.usage, isReplay ? 'cached' : 'reported');
  const { usage } = call.request as ChatRequest;
  return usage ? priced(call, usage.otherwise, 'estimated') : estimated(call, facts);
}

/** Servers of one's own report noughts where they have not counted (LocalAI, llama.cpp): no text comes of nothing. */
const isLikely = ({ input, output, cost }: Usage, { text }: AnswerFacts): boolean =>
  text === '' || cost !== undefined || (input > 0 && output > 0);

/** An answer that is sent back, or an attempt that failed, goes on the bill of the call, in the name of who was asked. */
export async function billEarlier(call: ChatCall, by: EarlierBill['by'], facts: AnswerFacts): Promise<void> {
  const { providerName, model } = by;
  call.earlier = [...call.earlier, { ...(await billOf(call, facts)), by: { providerName, model } }];
}

/** Both of them; a price that isn't known stays unknown. */
export function sumOf(one: Bill, other: Bill): Bill {
  return {
    usage: addUsage(one.usage, other.usage),
    source: one.source === other.source ? one.source : 'estimated',
    usd: one.usd < 0 || other.usd < 0 ? -1 : one.usd + other.usd,
  };
}

async function estimated(call: ChatCall, facts: AnswerFacts): Promise<Bill> {
  const prompt = promptText(call.bytes);
  const { text, characters, usage } = facts;
  // Gemini says the input with each chunk, and what it put out with the later ones.
  const said = facts.earlyUsage ?? (usage && usage.input > 0 ? usage : undefined);
  let tokens: number[];
  try {
    tokens = await call.ports.tokens.count(call.exchange.ai?.upstreamModel ?? '', [prompt.text, text]);
  } catch (error) {
    call.ports.log.error(
      { err: error, request_id: call.exchange.id },
      'tokens could not be counted: estimated by length',
    );
    tokens = tokensByLength([prompt.text, text]);
  }
  const [input = 0, output = 0] = tokens;
  // Of a long answer only the beginning was kept.
  const all = text.length === 0 ? 0 : Math.round((output * characters) / text.length);
  const asked = said ?? askedIn(input, prompt);
  return priced(call, { ...asked, output: all }, 'estimated');
}

/** @param text tokens of it */
function askedIn(text: number, { messages, media }: ReturnType<typeof promptText>): Omit<Usage, 'output'> {
  const { pictures, sound, files } = media;
  return {
    input: text + formTokens(messages) + pictures + sound + files,
    cached: 0,
    ...(pictures > 0 && { imageInput: pictures }),
    ...(sound > 0 && { audioInput: sound }),
  };
}

function priced(call: ChatCall, usage: Usage, source: Bill['source']): Bill {
  // What was asked for may be `auto`, or not be given: what was given counts, where its provider says it.
  const given = call.answer?.facts?.serviceTier ?? '';
  const asked = (call.request as ChatRequest).serviceTier;
  const price = (call.answer?.deployment ?? call.asked)?.price;
  const costs = (pricer: Pricer): number =>
    given === '' && asked !== '' && asked !== 'auto'
      ? priceAtMost(pricer, usage, asked)
      : pricer(usage, given);
  try {
    return { usage, source, usd: price ? costs(price) : -1 };
  } catch (error) {
    call.ports.log.error({ err: error, request_id: call.exchange.id }, 'the price could not be computed');
    return { usage, source, usd: -1 };
  }
}
