import { hash, randomBytes } from 'node:crypto';
import type { AiConfig } from '../config/schema/index.ts';
import type { AiFacts } from '../contracts/exchange.ts';
import type { LedgerRow } from '../contracts/ledger.ts';
import type { Usage } from '../contracts/usage.ts';
import type { LiveExchange } from '../record/exchange.ts';
import type { Bill, EarlierBill } from './chat-call.ts';
import type { RequestFacts } from './request-facts.ts';

/** Unique among all processes: a client may send one request id with each of its calls. */
const PROCESS = randomBytes(9).toString('base64url');
let rows = 0;

const NOTHING: Usage = { input: 0, output: 0, cached: 0 };

/**
 * A call for the books.
 * @param bill what it came to, or an attempt before its last did; undefined: nothing
 */
export function ledgerRow(
  exchange: LiveExchange,
  ai: AiFacts,
  { user, tags }: Pick<RequestFacts, 'user' | 'tags'>,
  bill: Bill | EarlierBill | undefined,
  users: AiConfig['ledger']['users'],
): LedgerRow {
  const tokens = bill?.usage ?? NOTHING;
  const by = bill && 'by' in bill ? bill.by : undefined;
  const row: { -readonly [Field in keyof LedgerRow]: LedgerRow[Field] } = {
    id: `${PROCESS}-${(rows++).toString(36)}`,
    at: exchange.startedAt,
    requestId: exchange.id,
    consumer: exchange.consumer,
    groups: exchange.consumerGroups,
    user: userIn(users, exchange.consumer, user),
    model: ai.model,
    provider: by?.providerName ?? ai.provider,
    upstreamModel: by?.model ?? ai.upstreamModel,
    prompt: ai.prompt === '' ? '' : `${ai.prompt}@${ai.promptVersion}`,
    // What the gateway asked by itself can be told from what was asked of it.
    tags: exchange.purpose === '' ? tags : [...tags, exchange.purpose],
    tokens: {
      input: tokens.input,
      output: tokens.output,
      cached: tokens.cached,
      cacheWrite: tokens.cacheWrite ?? 0,
      reasoning: tokens.reasoning ?? 0,
      audio: (tokens.audioInput ?? 0) + (tokens.audioOutput ?? 0),
      image: (tokens.imageInput ?? 0) + (tokens.imageOutput ?? 0),
    },
    usd: bill?.usd ?? 0,
    usageSource: bill?.source ?? ai.usageSource,
    outcome: ai.outcome,
    stream: ai.stream,
    revision: exchange.revision,
  };
  if (by) row.isEarlier = true;
  if (ai.savedUsd >= 0) row.savedUsd = ai.savedUsd;
  return row;
}

/** Hashed with the consumer's name, so that the same person can't be followed from one application to another. */
function userIn(users: AiConfig['ledger']['users'], consumer: string, user: string): string {
  if (user === '' || users === 'off') return '';
  return users === 'plain' ? user : hash('sha256', `${consumer}\0${user}`, 'base64url').slice(0, 22);
}
