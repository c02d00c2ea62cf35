import { originOf, untilServes } from '../../harness/ask.ts';
import type { Site } from '../../harness/ground.ts';
import { spread } from '../../harness/statistics.ts';
import type { Call } from '../../harness/suite.ts';
import { short, table } from '../../harness/wording.ts';
import { startGateway } from '../gateway.ts';
import { CHAT_1KB } from '../messages.ts';
import { question, rememberingGateway, type Said, Talker } from './conversation.ts';
import type { StoreKind } from './stores.ts';

/** What a request of a conversation takes that has so many turns, beside those of none. */
export interface Cost {
  readonly store: string;
  readonly turns: number;
  /** What its client sends: `its new turn`, `all of it`. */
  readonly sends: string;
  /** Milliseconds at the median: of the conversation, and of a request that belongs to none. */
  readonly with: number;
  /** Whose client sends the whole prompt: the model gets the same bytes. */
  readonly same: number;
  /** Of one message. */
  readonly one: number;
  /** At the median, within groups of three that are sent in turns. */
  readonly moreThanSame: number;
  readonly moreThanOne: number;
  /** Scripts a request that the store runs for it: round trips. NaN where there are none. */
  readonly trips: number;
  /** Of the store, on this machine; see `StoreKind.unit`. */
  readonly floor: number;
}

const LEVELS = [1, 20, 50, 100, 200];
const SESSIONS = 10;
const ROUNDS = 4;
const SENDS = ['its new turn', 'all of it'];

type Group = Pick<Cost, 'with' | 'same' | 'one'>;

/** Conversations that grow, and at each length requests of them, of the same prompt without them, and of one message. */
export async function costOf(kind: StoreKind, site: Site, call: Call, folder: string): Promise<Cost[]> {
  const store = await kind.start(folder);
  const plan = rememberingGateway(`gateway on ${kind.name}`, store.url, {});
  const started = await startGateway(plan, {
    folder,
    upstreamPort: site.upstream.port,
    profileTo: site.profileTo,
  });
  const talker = new Talker(originOf(started));
  const floor = await store.floor();
  const { isSmoke } = call.effort;
  const sessions = Array.from({ length: isSmoke ? 1 : SESSIONS }, (_, at) => `s${at}`);
  const logs = new Map<string, Said[]>(sessions.map((session) => [session, []]));
  let turns = 0;
  try {
    await untilServes(plan, started, CHAT_1KB);
    for (let at = 0; at < (isSmoke ? 1 : 1500); at++) await talker.say('', question(at));
    const costs: Cost[] = [];
    for (const level of isSmoke ? [1, 3] : LEVELS) {
      for (; turns < level; turns++) for (const session of sessions) await withIt(session, []);
      for (const sends of SENDS) costs.push(await measured(level, sends));
    }
    return costs;
  } finally {
    talker.close();
    await started.stop();
    await store.stop();
  }

  /** The conversation’s next turn. */
  async function withIt(session: string, before: readonly Said[]): Promise<number> {
    const text = question(turns);
    const { ms, answer } = await talker.say(session, text, { before });
    logs.get(session)?.push({ role: 'user', content: text }, { role: 'assistant', content: answer });
    return ms;
  }

  async function measured(level: number, sends: string): Promise<Cost> {
    const groups: Group[] = [];
    const before = store.scripts();
    for (let round = 0; round < ROUNDS; round++, turns++)
      for (const [at, session] of sessions.entries()) groups.push(await groupOf(session, sends, round + at));
    const between = store.scripts();
    for (let at = 0; at < 5 * groups.length; at++) await talker.say('', question(turns));
    const alone = store.scripts() - between;
    const over = (figure: (group: Group) => number): number => spread(groups.map(figure)).median;
    const cost: Cost = {
      store: kind.name,
      turns: level,
      sends,
      with: over((group) => group.with),
      same: over((group) => group.same),
      one: over((group) => group.one),
      moreThanSame: over((group) => group.with - group.same),
      moreThanOne: over((group) => group.with - group.one),
      // What a request of none has the store do as well, a ledger’s rows, is no cost of the conversation.
      trips: (between - before - alone) / groups.length,
      floor,
    };
    const more = `${short(cost.moreThanSame)} ms more than the same prompt, ${short(cost.moreThanOne)} than one message`;
    call.say(`${kind.name}, ${level} turns, ${sends} is sent: ${more}`);
    return cost;
  }

  /** Each place in the order is each one’s in turn. */
  async function groupOf(session: string, sends: string, turn: number): Promise<Group> {
    const log = [...(logs.get(session) ?? [])];
    const ways = [
      async () => ({ with: await withIt(session, sends === 'all of it' ? log : []) }),
      async () => ({ same: (await talker.say('', question(turns), { before: log })).ms }),
      async () => ({ one: (await talker.say('', question(turns))).ms }),
    ];
    const group = { with: 0, same: 0, one: 0 };
    for (let at = 0; at < ways.length; at++) {
      Object.assign(group, await ways[(at + turn) % ways.length]?.());
      // Nobody's measured request stands behind what is done after an answer.
      await talker.say('', question(turns));
    }
    return group;
  }
}

/** @param runs all costs of all rounds */
export function costSection(runs: readonly Cost[], kinds: readonly StoreKind[]): string {
  const groups = Map.groupBy(runs, ({ store, turns, sends }) => `${store}, ${turns} turns, ${sends} is sent`);
  const rows = [...groups].map(([name, of]) => {
    const over = (figure: (cost: Cost) => number): string => short(spread(of.map(figure)).median);
    return [
      name,
      over((c) => c.with),
      over((c) => c.same),
      over((c) => c.one),
      over((c) => c.moreThanSame),
      over((c) => c.moreThanOne),
      over((c) => c.trips),
    ];
  });
  const floors = kinds.map(({ name, unit }) => {
    const { median } = spread(runs.filter(({ store }) => store === name).map(({ floor }) => floor));
    return `${name}: ${unit}, takes ${short(median)} ms`;
  });
  const floor = `What the machine itself takes, at the median of single ones. ${floors.join('. ')}.`;
  return `## a request with its conversation, and without\n\n${floor}\n\n${table(
    [
      'store, length of the conversation',
      'p50 ms with it',
      'the same prompt, of none',
      'one message, of none',
      'ms more than the same prompt, at the median',
      'ms more than one message',
      'round trips more',
    ],
    rows,
  )}`;
}
