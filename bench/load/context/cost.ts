import { originOf, untilServes } from '../../harness/ask.ts';
import { rotated, type Site } from '../../harness/ground.ts';
import { LoadShare } from '../../harness/load-share.ts';
import { spread } from '../../harness/statistics.ts';
import type { Call } from '../../harness/suite.ts';
import { short } from '../../harness/wording.ts';
import { startGateway } from '../gateway.ts';
import { CHAT_1KB } from '../messages.ts';
import { Conversation, rememberingGateway, SENDS, type Sends, Talker } from './conversation.ts';
import type { RunningStore, StoreKind } from './stores.ts';

/** What a request takes of conversations that have so many turns or a few more, beside what those of none take. */
export interface Cost {
  readonly store: string;
  /** When the measuring begins. */
  readonly turns: number;
  /** What its client sends. */
  readonly sends: Sends;
  /** Milliseconds at the median: of the conversation. */
  readonly with: number;
  /** Of a request of none with the same body. */
  readonly body: number;
  /** Of a request of none that has the model sent the same: who sends all of it has sent that already. */
  readonly prompt: number;
  /** At the median, within groups that are sent in turns. */
  readonly moreThanBody: number;
  readonly moreThanPrompt: number;
  /** Round trips more than a request of none has. NaN where there are none. */
  readonly trips: number;
  /** What clients, upstream and the store's own process had of their core meanwhile: 0 to 1. */
  readonly loadBusy: number;
}

const LEVELS = [1, 20, 100, 200];
/** Conversations of each length and each way to send. */
const CONVERSATIONS = 4;
/** Turns of each that are measured. */
export const MEASURED_TURNS = 10;
/** Requests of none over which their own round trips are counted. */
const NONE = 300;

interface Plan {
  readonly levels: readonly number[];
  readonly conversations: number;
  readonly passes: number;
}
const SMOKE: Plan = { levels: [1, 3], conversations: 1, passes: 1 };
const WHOLE: Plan = { levels: LEVELS, conversations: CONVERSATIONS, passes: MEASURED_TURNS };

type Group = Pick<Cost, 'with' | 'body' | 'prompt'>;

/** Conversations of one length and one way to send. */
interface Cell {
  readonly turns: number;
  readonly sends: Sends;
  readonly conversations: readonly Conversation[];
  readonly groups: Group[];
  /** Of the store, in all passes. */
  trips: number;
  readonly load: LoadShare;
}

/** Conversations of all lengths side by side, each asked in turns with requests of none, warm and in ever another order. */
export async function costOf(kind: StoreKind, site: Site, call: Call, folder: string): Promise<Cost[]> {
  const plan = call.effort.isSmoke ? SMOKE : WHOLE;
  const store = await kind.start(folder);
  const gateway = rememberingGateway(`gateway on ${kind.name}`, store.config, {});
  const { profileTo } = site;
  const started = await startGateway(gateway, { folder, upstreamPort: site.upstream.port, profileTo });
  const talker = new Talker(originOf(started));
  try {
    await untilServes(gateway, started, CHAT_1KB);
    await warmUp(talker, Math.max(...plan.levels));
    const cells = await prepared(talker, plan, [site.upstream.pid, ...store.pids]);
    for (let pass = 0; pass < plan.passes; pass++) await measure(cells, pass, store);
    const tripsOfNone = await tripsWithout(talker, store, call.effort.isSmoke ? 1 : NONE);
    const costs = cells.map((cell) => costIn(kind.name, cell, tripsOfNone));
    for (const cost of costs)
      call.say(
        `${kind.name}, ${cost.turns} turns, ${cost.sends} is sent: ${short(cost.moreThanBody)} ms more than the same body, ${short(cost.moreThanPrompt)} than the same prompt`,
      );
    return costs;
  } finally {
    talker.close();
    await started.stop();
    await store.stop();
  }
}

/** Whole conversations in all that is measured later, and none of it counted. */
async function warmUp(talker: Talker, turns: number): Promise<void> {
  for (const sends of SENDS) {
    const conversation = new Conversation(talker, `warm-${sends.length}`, { sends, stream: false });
    while (conversation.turns < turns) await groupOf(conversation, conversation.turns);
  }
}

/** @param load processes of the load beside this one */
async function prepared(talker: Talker, plan: Plan, load: readonly number[]): Promise<Cell[]> {
  const cells = plan.levels.flatMap((turns) =>
    SENDS.map((sends): Cell => {
      const conversations = Array.from(
        { length: plan.conversations },
        (_, at) => new Conversation(talker, `c-${turns}-${sends.length}-${at}`, { sends, stream: false }),
      );
      return { turns, sends, conversations, groups: [], trips: 0, load: new LoadShare(load) };
    }),
  );
  for (const { turns, conversations } of cells)
    for (const conversation of conversations) await conversation.growTo(turns);
  return cells;
}

/** A turn of each conversation. Each length begins a pass once, and every second pass goes the other way round. */
async function measure(cells: readonly Cell[], pass: number, store: RunningStore): Promise<void> {
  for (const cell of rotated(cells, pass)) {
    const before = store.trips();
    await cell.load.during(async () => {
      for (const [at, conversation] of cell.conversations.entries()) {
        // Counting has let the connection rest.
        if (at === 0) await conversation.rest();
        cell.groups.push(await groupOf(conversation, pass + at));
      }
    });
    cell.trips += store.trips() - before;
  }
}

/** One turn with its conversation, and the same without. @param from who of them is first */
async function groupOf(conversation: Conversation, from: number): Promise<Group> {
  const next = conversation.next();
  const ways = [() => conversation.say(next), () => conversation.sayBody(next)];
  if (next.before !== next.log) ways.push(() => conversation.sayPrompt(next));
  const [remembered, body, prompt = body] = await conversation.inTurns(ways, from);
  return { with: remembered?.ms ?? 0, body: body?.ms ?? 0, prompt: prompt?.ms ?? 0 };
}

/** What a request of none has the store do, a ledger’s rows, is no cost of a conversation. */
async function tripsWithout(talker: Talker, store: RunningStore, requests: number): Promise<number> {
  const before = store.trips();
  const none = new Conversation(talker, '', { sends: 'its new turn', stream: false });
  for (let at = 0; at < requests; at++) await none.rest();
  return (store.trips() - before) / requests;
}

/** @param tripsOfNone of a request that belongs to no conversation */
function costIn(
  store: string,
  { turns, sends, groups, trips, conversations, load }: Cell,
  tripsOfNone: number,
): Cost {
  const over = (figure: (group: Group) => number): number => spread(groups.map(figure)).median;
  const passes = groups.length / conversations.length;
  // In a group: with, the one or two without, and a rest after each.
  const without = groups.length * (sends === 'all of it' ? 3 : 5) + passes;
  return {
    store,
    turns,
    sends,
    with: over((group) => group.with),
    body: over((group) => group.body),
    prompt: over((group) => group.prompt),
    moreThanBody: over((group) => group.with - group.body),
    moreThanPrompt: over((group) => group.with - group.prompt),
    trips: (trips - tripsOfNone * without) / groups.length - tripsOfNone,
    loadBusy: load.share,
  };
}
