import { mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import { onSite, type Site } from '../harness/ground.ts';
import type { Call, Findings, Suite } from '../harness/suite.ts';
import { type Cost, costOf, costSection } from './context/cost.ts';
import { flatnessOf, flatSection, type Moment } from './context/flat.ts';
import { STORES } from './context/stores.ts';
import { type Written, writersOn, writersSection } from './context/writers.ts';
import { CHAT_1KB } from './messages.ts';
import { chatUpstream, streamUpstream } from './upstreams.ts';

const WHAT =
  'what a remembered conversation costs: a request with and without, early and late, and many writers at once';

async function run(call: Call): Promise<Findings> {
  const missing = STORES.flatMap((kind) => {
    const why = kind.missing();
    return why === null ? [] : [{ subject: kind.name, why }];
  });
  const stores = STORES.filter((kind) => kind.missing() === null);
  const costs: Cost[] = [];
  const moments: Moment[] = [];
  const written: Written[] = [];
  const newFolder = (site: Site): string => mkdtempSync(join(site.folder, 'context-'));
  await onSite(chatUpstream(), CHAT_1KB, call, async (site) => {
    for (let round = 0; round < call.effort.rounds; round++) {
      for (const kind of stores) costs.push(...(await costOf(kind, site, call, newFolder(site))));
      const redis = stores.find(({ name }) => name === 'Redis');
      const running = await redis?.start(newFolder(site));
      try {
        written.push(
          ...(await writersOn(
            running?.url ?? '',
            `sqlite:${join(newFolder(site), 'store.db')}`,
            call.effort,
          )),
        );
      } finally {
        await running?.stop();
      }
    }
  });
  await onSite(streamUpstream(), CHAT_1KB, call, async (site) => {
    for (let round = 0; round < call.effort.rounds; round++)
      for (const kind of stores) moments.push(...(await flatnessOf(kind, site, call, newFolder(site))));
  });
  return {
    facts: [
      'each client sends only its new turn (about 60 tokens), or, late and early, all of it as well; answers have 1 kB; without compaction at 200 turns the model is sent all of them, some 250 kB',
      'Redis appends to its log and syncs it every second; SQLite syncs each turn before it is acknowledged',
    ],
    subjects: stores.map(({ name }) => ({ name, what: 'conversations of one gateway in it' })),
    missing,
    sections: [costSection(costs, stores), flatSection(moments), writersSection(written)],
    reading:
      'Medians over the rounds, each with a fresh process and store. Requests with and without are sent in turns on one connection, and what is told as more is the median of the differences within pairs. Round trips are the scripts that Redis ran, less those of requests without.',
    bottlenecks: [],
    data: { costs, moments, written },
  };
}

/** What conversations cost. */
export const contextSuite = (): Suite => ({ name: 'context', what: WHAT, run });
