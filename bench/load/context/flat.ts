import { originOf, untilServes } from '../../harness/ask.ts';
import { rotated, type Site } from '../../harness/ground.ts';
import { LoadShare } from '../../harness/load-share.ts';
import { spread } from '../../harness/statistics.ts';
import type { Call } from '../../harness/suite.ts';
import { short } from '../../harness/wording.ts';
import { type StartedGateway, startGateway } from '../gateway.ts';
import { CHAT_1KB } from '../messages.ts';
import { Conversation, rememberingGateway, SENDS, type Sends, Talker, type Told } from './conversation.ts';
import type { StoreKind } from './stores.ts';

/** Of the turns around one. */
export interface Moment {
  readonly store: string;
  /** What clients send. */
  readonly sends: Sends;
  readonly turn: number;
  /** Milliseconds at the median. */
  readonly firstTokenMs: number;
  /** Of the same body that belongs to no conversation, and reaches the model as it is. */
  readonly withoutMs: number;
  /** Estimated, mean. */
  readonly promptTokens: number;
  /** What clients, upstream and the store's own process had of their core meanwhile: 0 to 1. */
  readonly loadBusy: number;
}

/** Turns on each side of a moment. */
export const AROUND = 10;
export const EARLY = 20;
export const LATE = 200;
/** Tokens that prompts and answers are kept within. */
export const WINDOW = 6000;
const CONVERSATIONS = 4;

/** How far conversations are before they are measured, for how many turns, and how many of them. */
interface Plan {
  readonly moments: readonly { readonly turn: number; readonly grown: number }[];
  readonly turns: number;
  readonly conversations: number;
}
const SMOKE: Plan = { moments: [{ turn: EARLY, grown: 2 }], turns: 1, conversations: 1 };
const WHOLE: Plan = {
  moments: [EARLY, LATE].map((turn) => ({ turn, grown: turn - AROUND })),
  turns: 2 * AROUND,
  conversations: CONVERSATIONS,
};

/** Conversations of one moment and one way to send. */
interface Cell {
  readonly turn: number;
  readonly sends: Sends;
  readonly conversations: readonly Conversation[];
  readonly told: { readonly with: number; readonly without: number }[];
  prompts: Prompts;
  readonly load: LoadShare;
}

/** Of prompts with a conversation: tokens, and how many. */
interface Prompts {
  readonly sum: number;
  readonly count: number;
}

/** Streamed conversations that are compacted on the way, early ones and late ones in turns. */
export async function flatnessOf(kind: StoreKind, site: Site, call: Call, folder: string): Promise<Moment[]> {
  const plan = call.effort.isSmoke ? SMOKE : WHOLE;
  const store = await kind.start(folder);
  const gateway = rememberingGateway(`gateway on ${kind.name}`, store.config, { window: WINDOW });
  const { profileTo } = site;
  const started = await startGateway(gateway, { folder, upstreamPort: site.upstream.port, profileTo });
  const talker = new Talker(originOf(started));
  try {
    await untilServes(gateway, started, CHAT_1KB);
    const cells = await prepared(talker, plan, [site.upstream.pid, ...store.pids]);
    for (let turn = 0; turn < plan.turns; turn++) await measure(cells, turn, started);
    const moments = cells.map((cell) => momentIn(kind.name, cell));
    for (const { sends, turn, firstTokenMs } of moments)
      call.say(`${kind.name}, ${sends} is sent, turn ${turn}: first token after ${short(firstTokenMs)} ms`);
    return moments;
  } finally {
    talker.close();
    await started.stop();
    await store.stop();
  }
}

/**
 * Those that are late have said all that is measured, and more, before anything is: the process is warm.
 * @param load processes of the load beside this one
 */
async function prepared(
  talker: Talker,
  { moments, conversations: count }: Plan,
  load: readonly number[],
): Promise<Cell[]> {
  const cells = moments.flatMap(({ turn, grown }) =>
    SENDS.map((sends) => {
      const conversations = Array.from(
        { length: count },
        (_, at) => new Conversation(talker, `f-${turn}-${sends.length}-${at}`, { sends, stream: true }),
      );
      const prompts = { sum: 0, count: 0 };
      return { grown, cell: { turn, sends, conversations, told: [], prompts, load: new LoadShare(load) } };
    }),
  );
  for (const { grown, cell } of cells)
    for (const [at, conversation] of cell.conversations.entries())
      while (conversation.turns < grown)
        await (at === 0 ? pairOf(conversation, conversation.turns) : conversation.say(conversation.next()));
  return cells.map(({ cell }) => cell);
}

/** A turn of each conversation, in ever another order of the cells. */
async function measure(cells: readonly Cell[], turn: number, gateway: StartedGateway): Promise<void> {
  for (const cell of rotated(cells, turn)) {
    const before = await promptsOf(gateway);
    await cell.load.during(async () => {
      for (const [at, conversation] of cell.conversations.entries()) {
        // Counting has let the connection rest.
        if (at === 0) await conversation.rest();
        const [remembered, none] = await pairOf(conversation, turn + at);
        cell.told.push({ with: remembered?.firstMs ?? 0, without: none?.firstMs ?? 0 });
      }
    });
    const { sum, count } = await promptsOf(gateway);
    cell.prompts = {
      sum: cell.prompts.sum + sum - before.sum,
      count: cell.prompts.count + count - before.count,
    };
  }
}

/** One turn, and the same body without its conversation. @param from which of them is first */
function pairOf(conversation: Conversation, from: number): Promise<Told[]> {
  const next = conversation.next();
  return conversation.inTurns([() => conversation.say(next), () => conversation.sayBody(next)], from);
}

async function promptsOf({ ports }: StartedGateway): Promise<Prompts> {
  const text = await (await fetch(`http://127.0.0.1:${ports.admin}/metrics`)).text();
  const of = (name: string): number =>
    Number(new RegExp(`^gateway_context_prompt_tokens_${name}{[^}]*} (\\S+)`, 'm').exec(text)?.[1] ?? 0);
  return { sum: of('sum'), count: of('count') };
}

const momentIn = (store: string, { sends, turn, told, prompts, load }: Cell): Moment => ({
  store,
  sends,
  turn,
  firstTokenMs: spread(told.map((pair) => pair.with)).median,
  withoutMs: spread(told.map(({ without }) => without)).median,
  promptTokens: prompts.sum / prompts.count,
  loadBusy: load.share,
});
