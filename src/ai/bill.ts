import type { AnswerFacts, Usage } from '../contracts/usage.ts';
import { addUsage } from './add-usage.ts';
import { painterOf } from './budgets/asked-models.ts';
import { dearKinds, onceAtMost } from './budgets/once-at-most.ts';
import { costOfOther, othersAtMost, othersOf } from './budgets/others-at-most.ts';
import type { Bill, ChatCall, ChatRequest, EarlierBill } from './chat-call.ts';
import { costAtMost, type DearKinds } from './cost-at-most.ts';
import { chatUnseen, generatedUnseen, partOf, saysAll } from './cut-short.ts';
import type { Answerer } from './models/deployment.ts';
import { isNothing, type Pricer, priceAtMost } from './prices.ts';
import { formTokens, promptText } from './prompt-text.ts';
import { givenTier } from './service-tier.ts';
import { tokensByLength } from './tokens/counter.ts';

const NOTHING: Usage = { input: 0, output: 0, cached: 0 };

/** What an answer came to: as its provider reports it, or counted, for which it takes a promise that never fails. */
export function billOf(call: ChatCall, facts: AnswerFacts, by: Payee | undefined): Bill | Promise<Bill> {
  const price = (usage: Usage, source: Bill['source']): Bill => priced(call, facts, by, usage, source);
  const { usage: known, isLater } = call.request as ChatRequest;
  // The answer comes before the work: what a batch has come to by then (OpenAI says noughts) is no bill. Who was heard has worked.
  if (isLater && facts.text === '' && isNothing(facts.usage ?? NOTHING))
    return { usage: NOTHING, source: 'estimated', usd: -1 };
  const otherwise = (): Usage | undefined =>
    known?.otherwise(facts.earlyUsage) ?? (isUnread(call, facts) ? onceAtMost(call) : undefined);
  const whole = facts.isCut ? otherwise() : undefined;
  if (whole && !saysAll(facts, whole)) {
    const part = (generated: number): Bill =>
      price(partOf(whole, generated, facts.usage ?? facts.earlyUsage), 'estimated');
    return facts.text === ''
      ? part(generatedUnseen(call, facts, whole.output, whole.imageOutput !== undefined))
      : wordTokens(call, facts).then(part);
  }
  // Words of an operation are no more than a guess.
  const isSaid = call.answer?.byRules || known || (facts.usage && isLikely(facts.usage, facts));
  if (facts.usage && isSaid && !isBlind(call, facts)) {
    const bill = price(facts.usage.billed ?? facts.usage, isReplayed(call) ? 'cached' : 'reported');
    const completed = known?.completed?.(facts.usage, facts.earlyUsage);
    const all = completed && price(completed, 'estimated');
    // Only of what is sold by it is anything missing.
    return all && all.usd !== bill.usd ? all : bill;
  }
  const usage = whole ?? otherwise();
  if (!usage) return countedIn(call, facts).then((counted) => price(counted, 'estimated'));
  const bill = price(usage, 'estimated');
  // Any of it may have been of the dearest kind, as was reserved.
  return known || !by
    ? bill
    : { ...bill, usd: costUnread(call, (tier, kinds) => costAtMost(by, usage, tier, kinds)) };
}

const costUnread = (call: ChatCall, cost: (tier: string, kinds: DearKinds) => number): number =>
  computed(call, () => cost((call.request as ChatRequest).serviceTier, dearKinds(call)));

/** A turn that is given again was paid when it was answered. */
const isReplayed = ({ exchange }: ChatCall): boolean => exchange.context?.status === 'replay';

/** It may have come to all that was reserved. */
const isUnread = (call: ChatCall, facts: AnswerFacts): boolean =>
  call.answer?.kind === 'bytes' ||
  (call.answer?.kind === 'whole' && call.answer.isUnread === true) ||
  isBlind(call, facts);

/** An event was too long to be read (a picture), before its stream had said what all of it came to. */
function isBlind({ answer }: ChatCall, { usage, finishReason }: AnswerFacts): boolean {
  const watch = answer && answer.kind !== 'whole' ? answer.watch : undefined;
  return watch?.blind === true && (usage === undefined || finishReason === '');
}

/** Who answered, or was asked. */
type Payee = Pick<Answerer, 'model' | 'price' | 'priceOf'>;

/** Servers of one's own report noughts where they have not counted (LocalAI, llama.cpp): no text comes of nothing. */
const isLikely = ({ input, output, cost, byOthers }: Usage, { text }: AnswerFacts): boolean =>
  text === '' || cost !== undefined || byOthers !== undefined || (input > 0 && output > 0);

/**
 * An answer that is sent back, or an attempt that failed, goes on the bill of the call, in the name of who was asked. It is
 * owed from now on, though it may have to be counted yet: nobody waits for that but the end.
 */
export function billEarlier(call: ChatCall, by: EarlierBill['by'] & Payee, facts: AnswerFacts): void {
  const { providerName, model } = by;
  const enter = (bill: Bill): void => {
    call.earlier = [...call.earlier, { ...bill, by: { providerName, model } }];
  };
  billOthers(call, by, facts);
  const bill = billOf(call, facts, by);
  if (bill instanceof Promise) call.counting = [...call.counting, bill.then(enter)];
  else enter(bill);
}

/** What other models did for an answer is owed as well, each in the name of the model, as its provider's invoice has it. */
export function billOthers(call: ChatCall, by: EarlierBill['by'] & Payee, facts: AnswerFacts): void {
  const { byOthers } = facts.usage ?? {};
  if (isBlind(call, facts) || (!facts.usage && isUnread(call, facts))) {
    billOthersAtMost(call, by);
    return;
  }
  if (!byOthers) return;
  const byModel = new Map<string, Usage>();
  for (const { model, usage } of byOthers) {
    const name = model || painterOf(call.request as ChatRequest);
    const was = byModel.get(name);
    byModel.set(name, was ? addUsage(was, usage) : usage);
  }
  const source = isReplayed(call) ? 'cached' : 'reported';
  const tier = tierGiven(call, facts);
  for (const [model, usage] of byModel) {
    const price = by.priceOf?.(model) ?? by.price;
    // A discount is of the model that was asked for it, and says nothing of others.
    const usd = computed(call, () => Math.max(price(usage), price(usage, tier)));
    call.earlier = [...call.earlier, { usage, source, usd, by: { providerName: by.providerName, model } }];
  }
}

/** Of an answer that went by unread: each may have done all that the request lets it do. */
function billOthersAtMost(call: ChatCall, by: EarlierBill['by'] & Payee): void {
  const asks = othersOf(call);
  if (asks.length === 0) return;
  for (const other of othersAtMost(asks, onceAtMost(call), call.bytes, call.budgets.output)) {
    const usd = costUnread(call, (tier, kinds) => costOfOther(other, by, tier, kinds));
    const { model, usage } = other;
    const bill = { usage, source: 'estimated', usd, by: { providerName: by.providerName, model } } as const;
    call.earlier = [...call.earlier, bill];
  }
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
  // How long it worked for who has left is known now.
  const unseen = chatUnseen(call, facts);
  const { earlyUsage, usage } = facts;
  // Gemini says the input with each chunk, and what it put out with the later ones.
  const said = earlyUsage ?? (usage && usage.input > 0 ? usage : undefined);
  const [input = 0, words = 0] = await tokensOf(call, [prompt.text, facts.text]);
  // By the way may only have been said what its tools have done.
  const asked = said && said.input > 0 ? said : { ...said, ...askedIn(input, prompt) };
  return { ...asked, output: Math.max(unseen, inAll(words, facts)) };
}

/** Tokens of the words that came. */
async function wordTokens(call: ChatCall, facts: AnswerFacts): Promise<number> {
  const [words = 0] = await tokensOf(call, [facts.text]);
  return inAll(words, facts);
}

/** Of a long answer only the beginning was kept. @param words tokens of that */
const inAll = (words: number, { text, characters }: AnswerFacts): number =>
  text.length === 0 ? 0 : Math.round((words * characters) / text.length);

/** It never fails. */
async function tokensOf(call: ChatCall, texts: string[]): Promise<number[]> {
  try {
    return await call.ports.tokens.count(call.exchange.ai?.upstreamModel ?? '', texts);
  } catch (error) {
    call.ports.log.error(
      { err: error, request_id: call.exchange.id },
      'tokens could not be counted: estimated by length',
    );
    return tokensByLength(texts);
  }
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
  facts: AnswerFacts,
  by: Payee | undefined,
  usage: Usage,
  source: Bill['source'],
): Bill {
  const asked = (call.request as ChatRequest).serviceTier;
  const given = tierGiven(call, facts);
  const price = by?.price;
  const costs = (pricer: Pricer): number =>
    given === '' && asked !== '' && asked !== 'auto'
      ? priceAtMost(pricer, usage, asked)
      : pricer(usage, given);
  return { usage, source, usd: price ? computed(call, () => costs(price)) : -1 };
}

/** What was asked for may be `auto`, or not be given: what was given counts, where its provider says it. */
const tierGiven = ({ answer }: ChatCall, { serviceTier }: AnswerFacts): string =>
  givenTier(answer?.headers ?? {}) || serviceTier;

/** A price in US dollars; -1 if it is none. */
function computed(call: ChatCall, price: () => number): number {
  try {
    const usd = price();
    return Number.isFinite(usd) ? usd : -1;
  } catch (error) {
    call.ports.log.error({ err: error, request_id: call.exchange.id }, 'the price could not be computed');
    return -1;
  }
}
