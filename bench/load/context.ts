import { mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import { onSite, rotated, type Site } from '../harness/ground.ts';
import { type Beside, busiest, loadsOwn } from '../harness/load-share.ts';
import { LOAD_CORE, onCore, pinningObstacle, SUBJECT_CORE } from '../harness/pinning.ts';
import { spread } from '../harness/statistics.ts';
import type { Call, Findings, Suite } from '../harness/suite.ts';
import { short } from '../harness/wording.ts';
import { rememberingGateway } from './context/conversation.ts';
import { type Cost, costOf, MEASURED_TURNS } from './context/cost.ts';
import { costSection } from './context/cost-section.ts';
import { flatnessOf, type Moment } from './context/flat.ts';
import { flatSection } from './context/flat-section.ts';
import { floorsOf, REDIS, STORES, type StoreKind } from './context/stores.ts';
import type { Written } from './context/timed-writers.ts';
import { writersOn, writersSection } from './context/writers.ts';
import { settingsOf } from './gateway.ts';
import { CHAT_1KB } from './messages.ts';
import { chatUpstream, readingUpstream, streamUpstream } from './upstreams.ts';

const WHAT =
  'what a remembered conversation costs: a request with and without, early and late, and many writers at once';

/** More than models of today read of what is not in their cache. */
const READ_A_SECOND = 500_000;
const READING = `a model that reads ${READ_A_SECOND.toLocaleString('en')} tokens a second`;

async function writersIn(kinds: readonly StoreKind[], newFolder: () => string, { effort }: Call) {
  const running = await kinds.find(({ name }) => name === REDIS)?.start(newFolder());
  try {
    const url = running ? (running.config as { url: string }).url : '';
    return await writersOn(url, `sqlite:${join(newFolder(), 'store.db')}`, effort);
  } finally {
    await running?.stop();
  }
}

/** What the load had of its core, by the rows of both tables. */
const loadsOf = (
  costs: readonly Cost[],
  moments: readonly Moment[],
  reading: readonly Moment[],
): Beside[] => [
  ...costs.map(({ store, turns, sends, loadBusy }) => ({
    what: `${store}, ${turns} turns, ${sends} is sent`,
    share: loadBusy,
  })),
  ...moments.map((moment) => loadAround(moment)),
  ...reading.map((moment) => loadAround(moment, `, ${READING}`)),
];

const loadAround = ({ store, turn, sends, loadBusy }: Moment, of = ''): Beside => ({
  what: `${store}, around turn ${turn}, ${sends} is sent${of}`,
  share: loadBusy,
});

async function run(call: Call): Promise<Findings> {
  const missing = STORES.flatMap((kind) => {
    const why = kind.missing();
    return why === null ? [] : [{ subject: kind.name, why }];
  });
  const stores = STORES.filter((kind) => kind.missing() === null);
  const costs: Cost[] = [];
  const moments: Moment[] = [];
  const reading: Moment[] = [];
  const written: Written[] = [];
  const floors: { readonly unit: string; readonly ms: number }[] = [];
  const newFolder = (site: Site): string => mkdtempSync(join(site.folder, 'context-'));
  await onSite(chatUpstream(), CHAT_1KB, call, async (site) => {
    for (let round = 0; round < call.effort.rounds; round++) {
      for (const { unit, measure } of floorsOf(stores))
        floors.push({ unit, ms: await onCore(SUBJECT_CORE, () => measure(newFolder(site))) });
      for (const kind of rotated(stores, round))
        costs.push(...(await onCore(LOAD_CORE, () => costOf(kind, site, call, newFolder(site)))));
      written.push(...(await onCore(SUBJECT_CORE, () => writersIn(stores, () => newFolder(site), call))));
    }
  });
  for (const [upstream, told] of [
    [streamUpstream(), moments],
    [readingUpstream(READ_A_SECOND), reading],
  ] as const)
    await onSite(upstream, CHAT_1KB, call, async (site) => {
      for (let round = 0; round < call.effort.rounds; round++)
        for (const kind of rotated(stores, round).filter(({ isDefault }) => isDefault))
          told.push(...(await onCore(LOAD_CORE, () => flatnessOf(kind, site, call, newFolder(site)))));
    });
  const floorsSentence = [...Map.groupBy(floors, ({ unit }) => unit)]
    .map(([unit, of]) => `${unit} takes ${short(spread(of.map(({ ms }) => ms)).median)} ms`)
    .join(', ');
  const loads = loadsOf(costs, moments, reading);
  return {
    effort: `${call.effort.rounds} rounds, each with a fresh process and store, whatever is asked for in seconds; before anything is measured the process has had whole conversations of all that is`,
    facts: [
      `each client sends only its new turn (about 60 tokens), or all of it as well; answers have 1 kB; without compaction at 200 turns the model is sent all of them, some 250 kB; a conversation grows by ${MEASURED_TURNS} turns while it is measured`,
      'a client’s time ends with the answer: what is done after it is in no figure, and a request that nobody counts stands after each',
      'clients are the bench’s own process, on the load’s core, as the upstream and Redis; where that process does itself what a gateway does, as a writer and for what the machine itself takes, it has the subject’s',
      busiest('clients, upstream and Redis, of which one request at a time is asked', loads),
      'of many writers no load is the bottleneck, since there is none: who writes is what is measured, and Redis a part of its way',
      ...[pinningObstacle()].filter((text) => text !== null),
    ],
    subjects: stores.map(({ name, what, scheme }) => {
      const gateway = rememberingGateway(name, { url: scheme }, {});
      return { name, what: `${what}; gateway: ${gateway.what}; ${settingsOf(gateway)}` };
    }),
    missing,
    sections: [
      costSection(costs, floorsSentence),
      flatSection(moments, 'a model that answers at once'),
      flatSection(reading, READING),
      writersSection(written),
    ],
    reading:
      'Medians over the rounds; behind a time and a count of tokens the smallest and largest round, behind what is more and what is divided the confidence interval. Requests with and without are sent in turns on one connection, conversations of all lengths side by side, and what is told as more is a round’s median of the differences within groups. The same body is what a client sends that does not name its conversation: for one that sends its new turn a single message, which the model can’t answer well; the same prompt is all that the model is sent with the conversation. Whether a bound is kept is told where the whole interval lies on one side of it. Round trips are the scripts that Redis ran, less those of requests of none.',
    bottlenecks: loadsOwn(loads),
    data: { costs, moments, reading, written, floors },
  };
}

/** What conversations cost. */
export const contextSuite = (): Suite => ({ name: 'context', what: WHAT, run });
