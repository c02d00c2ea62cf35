import { originOf, untilServes } from '../../harness/ask.ts';
import type { Site } from '../../harness/ground.ts';
import { spread } from '../../harness/statistics.ts';
import type { Call } from '../../harness/suite.ts';
import { short, table } from '../../harness/wording.ts';
import { startGateway } from '../gateway.ts';
import { CHAT_1KB } from '../messages.ts';
import { question, rememberingGateway, Talker } from './conversation.ts';
import type { StoreKind } from './stores.ts';

/** What a request of a conversation takes that has so many turns, beside one of none. */
export interface Cost {
  readonly store: string;
  readonly turns: number;
  /** Milliseconds at the median, and what the one takes more than the other, pair by pair. */
  readonly without: number;
  readonly with: number;
  readonly more: number;
  /** Scripts a request that the store runs for it: round trips. NaN where there are none. */
  readonly trips: number;
}

const LEVELS = [1, 20, 50, 100, 200];
const SESSIONS = 10;
const PAIRS = 4;

/** Conversations that grow, and at each length pairs of requests: one of the conversation, one of none, in turns. */
export async function costOf(kind: StoreKind, site: Site, call: Call, folder: string): Promise<Cost[]> {
  const store = await kind.start(folder);
  const plan = rememberingGateway(`gateway on ${kind.name}`, store.url, {});
  const started = await startGateway(plan, {
    folder,
    upstreamPort: site.upstream.port,
    profileTo: site.profileTo,
  });
  const talker = new Talker(originOf(started));
  try {
    await untilServes(plan, started, CHAT_1KB);
    for (let at = 0; at < (call.effort.isSmoke ? 1 : 1500); at++) await talker.say('', question(at));
    const sessions = Array.from({ length: call.effort.isSmoke ? 1 : SESSIONS }, (_, at) => `s${at}`);
    const costs: Cost[] = [];
    let turns = 0;
    for (const level of call.effort.isSmoke ? [1, 3] : LEVELS) {
      for (; turns < level; turns++)
        for (const session of sessions) await talker.say(session, question(turns));
      const pairs: { with: number; without: number }[] = [];
      const before = store.scripts();
      for (let round = 0; round < PAIRS; round++, turns++) {
        for (const [at, session] of sessions.entries()) {
          const one = async () => (await talker.say(session, question(turns))).ms;
          const none = async () => (await talker.say('', question(turns))).ms;
          if (at % 2 === 0) pairs.push({ with: await one(), without: await none() });
          else {
            const without = await none();
            pairs.push({ with: await one(), without });
          }
        }
      }
      const between = store.scripts();
      for (let at = 0; at < pairs.length; at++) await talker.say('', question(turns));
      const alone = store.scripts() - between;
      const over = (figure: (pair: (typeof pairs)[number]) => number): number =>
        spread(pairs.map(figure)).median;
      costs.push({
        store: kind.name,
        turns: level,
        without: over((pair) => pair.without),
        with: over((pair) => pair.with),
        more: over((pair) => pair.with - pair.without),
        // What a request of none has the store do as well, a ledger’s rows, is no cost of the conversation.
        trips: (between - before - 2 * alone) / pairs.length,
      });
      call.say(`${kind.name}, ${level} turns: ${short(costs.at(-1)?.more ?? 0)} ms more`);
    }
    return costs;
  } finally {
    talker.close();
    await started.stop();
    await store.stop();
  }
}

/** @param runs all costs of all rounds */
export function costSection(runs: readonly Cost[]): string {
  const groups = Map.groupBy(runs, ({ store, turns }) => `${store}, ${turns} turns`);
  const rows = [...groups].map(([name, of]) => {
    const over = (figure: (cost: Cost) => number): string => short(spread(of.map(figure)).median);
    return [name, over((c) => c.without), over((c) => c.with), over((c) => c.more), over((c) => c.trips)];
  });
  return `## a request with its conversation, and one without\n\n${table(
    [
      'store, length of the conversation',
      'p50 ms without',
      'p50 ms with',
      'ms more, at the median',
      'round trips more',
    ],
    rows,
  )}`;
}
