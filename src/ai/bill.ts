import type { AnswerFacts, Usage } from '../contracts/usage.ts';
import { addUsage } from './add-usage.ts';
import type { Bill, ChatCall, ChatRequest, EarlierBill } from './chat-call.ts';
import type { Answerer } from './models/deployment.ts';
import { isNothing, type Pricer, priceAtMost } from './prices.ts';
import { formTokens, promptText } from './prompt-text.ts';
import { givenTier } from './service-tier.ts';
import { tokensByLength } from './tokens/counter.ts';

const NOTHING: Usage = { input: 0, output: 0, cached: 0 };

/** What an answer came to: as its provider reports it, or counted, for which it takes a promise that never fails. */
export function billOf(call: ChatCall, facts: AnswerFacts, by: Payee | undefined): Bill | Promise<Bill> {
  // A turn that is given again was paid when it was answered.
  const isReplay = call.exchange.context?.status === 'replay';
  const price = (usage: Usage, source: Bill['source']): Bill => priced(call, facts, by, usage, source);
  const { usage: known, usageUnread, isLater } = call.request as ChatRequest;
  // The answer comes before the work: what a batch has come to by then (OpenAI says noughts) is no bill. Who was heard has worked.
  if (isLater && facts.text === '' && isNothing(facts.usage ?? NOTHING))
    return { usage: NOTHING, source: 'estimated', usd: -1 };
  if (facts.usage && (call.answer?.byRules || isLikely(facts.usage, facts))) {
    const bill = price(facts.usage, isReplay ? 'cached' : 'reported');
    const completed = known?.completed?.(facts.usage, facts.earlyUsage);
    const whole = completed && price(completed, 'estimated');
    // Only of what is sold by it is anything missing.
    return whole && whole.usd !== bill.usd ? whole : bill;
  }
  const usage = known?.otherwise(facts.earlyUsage) ?? (isUnread(call) ? usageUnread?.() : undefined);
  return usage
    ? price(usage, 'estimated')
    : countedIn(call, facts).then((counted) => price(counted, 'estimated'));
}

/** It may have come to all that was reserved. */
const isUnread = ({ answer }: ChatCall): boolean =>
  answer?.kind === 'bytes' || (answer?.kind === 'whole' && answer.isUnread === true);

/** Who answered, or was asked. */
type Payee = Pick<Answerer, 'price'>;

/** Servers of one's own report noughts where they have not counted (LocalAI, llama.cpp): no text comes of nothing. */
const isLikely = ({ input, output, cost }: Usage, { text }: AnswerFacts): boolean =>
  text === '' || cost !== undefined || (input > 0 && output > 0);

/**
 * An answer that is sent back, or an attempt that failed, goes on the bill of the call, in the name of who was asked. It is
 * owed from now on, though it may have to be counted yet: nobody waits for that but the end.
 */
export function billEarlier(call: ChatCall, by: EarlierBill['by'] & Payee, facts: AnswerFacts): void {
  const { providerName, model } = by;
  const enter = (bill: Bill): void => {
    call.earlier = [...call.earlier, { ...bill, by: { providerName, model } }];
  };
  const bill = billOf(call, facts, by);
  if (bill instanceof Promise) call.counting = [...call.counting, bill.then(enter)];
  else enter(bill);
}

/** Both of them; a price that isn't known stays unknown. */
export function sumOf(one: Bill, other: Bill): Bill {
  return {
    usage: addUsage(one.usage, other.usage),
    source: one.source === other.source ? one.source : 'estimated',
    usd: one.usd < 0 || other.usd < 0 ? -1 : one.usd + other.usd,
  };
}

async function countedIn(call: ChatCall, facts: AnswerFacts): Promise<Usage> {
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
  return { ...asked, output: all };
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

function priced(
  call: ChatCall,
  { serviceTier }: AnswerFacts,
  by: Payee | undefined,
  usage: Usage,
  source: Bill['source'],
): Bill {
  const asked = (call.request as ChatRequest).serviceTier;
  // What was asked for may be `auto`, or not be given: what was given counts, where its provider says it.
  const given = givenTier(call.answer?.headers ?? {}) || serviceTier;
  const price = by?.price;
  const costs = (pricer: Pricer): number =>
    given === '' && asked !== '' && asked !== 'auto'
      ? priceAtMost(pricer, usage, asked)
      : pricer(usage, given);
  try {
    const usd = price ? costs(price) : -1;
    return { usage, source, usd: Number.isFinite(usd) ? usd : -1 };
  } catch (error) {
    call.ports.log.error({ err: error, request_id: call.exchange.id }, 'the price could not be computed');
    return { usage, source, usd: -1 };
  }
}
