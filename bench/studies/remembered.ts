import { Registry } from 'prom-client';
import { loadConfig } from '../../src/config/load.ts';
import type { Ask } from '../../src/context/ask.ts';
import { Conversations } from '../../src/context/conversations.ts';
import type { LiveTurn, TurnEnd } from '../../src/context/live-turn.ts';
import { MindMeters } from '../../src/context/measures/meters.ts';
import { ContextMeters } from '../../src/context/meters.ts';
import { Mind } from '../../src/context/mind.ts';
import { OperationLog } from '../../src/context/operation-log.ts';
import { openPrivacy } from '../../src/context/privacy/index.ts';
import { messageText } from '../../src/context/prompt/message-text.ts';
import type { Passage } from '../../src/context/recall/recall-index.ts';
import type { Message, TextPart } from '../../src/contracts/model-request.ts';
import type { Store } from '../../src/contracts/store.ts';
import { openStore } from '../../src/stores/index.ts';
import { openLog } from '../../src/telemetry/logger.ts';
import { lineOf } from './locomo.ts';

const MINUTE_MS = 60_000;
/** Between two sittings: a pause by which another episode begins, and after which the session still lives. */
const PAUSE_MS = 6 * 60 * MINUTE_MS;
const REF = { tenant: 'study', session: 'conversation' };
const ASK: Omit<Ask, 'messages'> = {
  ref: REF,
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
  model: 'any',
  otherTokens: 0,
  maxOutput: 0,
  window: 0,
  askModel: () => Promise.reject(new Error('no summarizer is configured')),
  requestId: '',
};
const END: Omit<TurnEnd, 'answer'> = {
  status: 'complete',
  about: {},
  format: 'openai-chat',
  provider: 'any',
  upstreamModel: 'any',
  finishReason: 'stop',
  // Nobody has counted: it goes by estimates.
  tokensIn: -1,
  tokensOut: -1,
};

/** A conversation that was led through a gateway. */
export interface Remembered {
  /** Milliseconds that each of its turns took, with what is done behind its answer. */
  readonly turnsMs: readonly number[];
  /** The next turn of the conversation, which is then taken back. @returns all that its prompt says, in words */
  ask(question: string): Promise<string>;
  close(): Promise<void>;
}

/**
 * Leads a conversation turn by turn through what a gateway does between a client's request and the model's: sessions in a store,
 * and behind each answer what keeps them short, with the defaults of the config and without a summarizer.
 * @param window tokens that prompts are kept within
 */
export async function remember(passages: readonly Passage[], window: number): Promise<Remembered> {
  let now = Date.UTC(2026, 0, 5, 9);
  const clock = { wall: () => now, monotonic: () => performance.now() };
  const store = await openStore('memory:', { now: clock.wall });
  const { mind, conversations } = openContext(store, window, clock);
  const open = async (said: readonly string[]): Promise<LiveTurn> => {
    const ask = { ...ASK, messages: said.map(userMessage) };
    const opened = await conversations.open(ask, () => ask);
    if (opened.kind !== 'turn') throw new Error(`a turn of the study is none: ${opened.kind}`);
    return opened.turn;
  };
  const turnsMs: number[] = [];
  let episode = 0;
  for (const turn of turnsOf(passages)) {
    now += turn.episode === episode ? MINUTE_MS : PAUSE_MS;
    episode = turn.episode;
    const began = performance.now();
    const live = await open(turn.said);
    await live.commit({ ...END, answer: turn.answered.map(textPart) });
    // It is told of behind the answer.
    await new Promise(setImmediate);
    await mind.settled();
    turnsMs.push(performance.now() - began);
  }
  now += PAUSE_MS;
  return {
    turnsMs,
    async ask(question) {
      const turn = await open([question]);
      await turn.release();
      const { summary, turns, snippets } = turn.shape;
      const said = turns.flatMap(({ messages }) => messages.map(messageText));
      return [summary, ...said, question + snippets].join('\n');
    },
    async close() {
      await conversations.close();
      await mind.close();
      await store.close();
    },
  };
}

type Clock = ConstructorParameters<typeof Mind>[0]['clock'];

function openContext(store: Store, window: number, clock: Clock) {
  const settings = settingsFor(window);
  const registry = new Registry();
  const meters = new ContextMeters(registry);
  const log = openLog('silent', { write: () => undefined }).logger;
  const ports = {
    settings: () => settings,
    sessions: store.sessions,
    privacy: openPrivacy(() => settings.privacy, store.documents, clock.wall),
    operations: new OperationLog(log, meters),
    log,
    clock,
  };
  const mind = new Mind({ ...ports, meters: new MindMeters(registry) });
  return { mind, conversations: new Conversations({ ...ports, mind, meters }) };
}

/** As of a file that says no more than this. */
function settingsFor(window: number) {
  const upstreams = { any: { targets: [{ url: 'http://127.0.0.1:9001' }] } };
  const routes = [{ name: 'any', match: { path: '/*' }, upstream: 'any' }];
  const context = { enabled: true, compaction: { window } };
  const text = JSON.stringify({ version: 1, upstreams, routes, context });
  return loadConfig({ file: 'study.yaml', text, env: {}, policies: {} }).config.context;
}

interface SaidTurn {
  readonly episode: number;
  readonly said: string[];
  readonly answered: string[];
}

/** Who opens an episode is its user, and the other the assistant; the names stand in what they say. */
function turnsOf(passages: readonly Passage[]): SaidTurn[] {
  const turns: SaidTurn[] = [];
  let opener = '';
  for (const passage of passages) {
    const last = turns.at(-1);
    const { speaker, episode } = passage;
    if (last?.episode !== episode) opener = speaker;
    const isUsers = speaker === opener;
    if (!last || last.episode !== episode || (isUsers && last.answered.length > 0))
      turns.push({ episode, said: [lineOf(passage)], answered: [] });
    else (isUsers ? last.said : last.answered).push(lineOf(passage));
  }
  return turns;
}

const textPart = (text: string): TextPart => ({ type: 'text', at: '', text });
const userMessage = (text: string): Message => ({ role: 'user', at: '', content: [textPart(text)] });
