import { Registry } from 'prom-client';
import type { Ask } from '../../../src/context/ask.ts';
import { Conversations, type ConversationsPorts } from '../../../src/context/conversations.ts';
import type { TurnEnd } from '../../../src/context/live-turn.ts';
import { ContextMeters } from '../../../src/context/meters.ts';
import { OperationLog } from '../../../src/context/operation-log.ts';
import { openPrivacy } from '../../../src/context/privacy/index.ts';
import type { Documents } from '../../../src/contracts/store.ts';
import { openLog } from '../../../src/telemetry/logger.ts';
import { DAY } from '../../conformance/session-drafts.ts';

/** A turn of the session `s1` that says nothing yet. */
export const ASK: Ask = {
  ref: { tenant: 'app', session: 's1' },
  user: '',
  create: true,
  follows: undefined,
  exclusive: false,
  ifVersion: undefined,
  seenVersion: undefined,
  key: '',
  mode: 'auto',
  wishes: '',
  system: [],
  messages: [],
  model: 'smart',
  otherTokens: 0,
  maxOutput: 0,
  window: 0,
  askModel: () => Promise.reject(new Error('nobody asks')),
  requestId: 'r1',
};

/** Its answer says nothing. */
export const END: TurnEnd = {
  status: 'complete',
  answer: [],
  about: {},
  format: 'openai-chat',
  provider: 'p0',
  upstreamModel: 'm',
  finishReason: 'stop',
  tokensIn: 1,
  tokensOut: 1,
};

const SETTINGS = { lease: 60_000, ttl: DAY, maxAge: DAY, onConflict: 'merge', onStoreDown: 'degrade' };
const PRIVACY = { redact: [], encryptWith: '', decryptWith: [] };

export const silent: ConversationsPorts['mind'] = {
  prompt: () => ({ summary: '', system: [], turns: [], snippets: '', journey: '' }),
  afterTurn: () => undefined,
  tooLong: () => undefined,
  forget: () => undefined,
};

/** Conversations that nobody looks after, in the clear. @param documents where what digests are keyed with is kept */
export function conversationsOver(
  sessions: ConversationsPorts['sessions'],
  documents: Documents,
  more: Partial<ConversationsPorts> = {},
): Conversations {
  const log = openLog('silent', { write: () => undefined }).logger;
  const meters = new ContextMeters(new Registry());
  return new Conversations({
    sessions,
    mind: silent,
    privacy: openPrivacy(() => PRIVACY, documents, Date.now),
    meters,
    operations: new OperationLog(log, meters),
    log,
    clock: { wall: Date.now, monotonic: () => performance.now() },
    settings: () => SETTINGS as never,
    ...more,
  });
}
