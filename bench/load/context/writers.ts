import { randomBytes } from 'node:crypto';
import type { ReserveOptions, SessionRef, TurnDraft } from '../../../src/contracts/session.ts';
import { openStore } from '../../../src/stores/index.ts';
import { spread } from '../../harness/statistics.ts';
import type { Effort } from '../../harness/suite.ts';
import { short, table } from '../../harness/wording.ts';
import { othersOn } from './others-writers.ts';
import { CONTENT, TURNS, timed, WRITERS, type Written } from './timed-writers.ts';

const DAY = 86_400_000;

const draft = (id: string): TurnDraft => ({
  id,
  kind: 'turn',
  status: 'complete',
  format: 'openai-chat',
  model: 'm',
  provider: 'p',
  upstreamModel: 'm',
  finishReason: 'stop',
  tokens: 80,
  tokensIn: 40,
  tokensOut: 40,
  digests: ['a', 'b'],
  request: '',
  asked: '',
  opens: false,
  resolves: '',
  supersedes: '',
  author: '',
  journey: '',
  content: CONTENT,
});

/** Ours: announced once a writer or once a turn, and every turn sent twice. */
async function ours(name: string, url: string, announces: boolean, turns: number): Promise<Written> {
  const store = await openStore(url, { commandTimeoutMs: 120_000 });
  const ref: SessionRef = { tenant: 'bench', session: randomBytes(8).toString('hex') };
  const life = { ttlMs: DAY, maxAgeMs: DAY };
  let known: ReserveOptions['known'];
  const reserve = async (turn: string) => {
    const options = { turn, owner: '', key: '', exclusive: false, create: true, leaseMs: 60_000, ...life };
    const reserved = await store.sessions.reserve(ref, { ...options, known });
    if (reserved.kind !== 'reserved') throw new Error(reserved.kind);
    // As a gateway, that holds what it has read.
    const { generation, edits, version } = reserved.head;
    known = { generation, edits, version };
    return reserved;
  };
  const first = await reserve('first');
  try {
    return await timed(
      `ours on ${name}, ${announces ? 'announced and appended' : 'appended'}, each turn sent twice`,
      turns,
      async () => {
        const id = randomBytes(12).toString('hex');
        const from = announces ? await reserve(id) : first;
        const turn = draft(id);
        const { fence, head } = from;
        const place = { base: head.version, mode: 'merge' as const, parent: head.head, hash: 'h', count: 2 };
        const options = { turn, key: '', fence, generation: head.generation, ...place, ...life };
        await Promise.all([store.sessions.commit(ref, options), store.sessions.commit(ref, options)]);
      },
      async () => ((await store.sessions.read(ref, { limit: 1000 }))?.turns ?? []).map(({ id }) => id),
    );
  } finally {
    await store.close();
  }
}

/** @param redis URL, or '' if there is none */
export async function writersOn(redis: string, sqlite: string, { isSmoke }: Effort): Promise<Written[]> {
  const turns = isSmoke ? 2 : TURNS;
  const written: Written[] = [];
  if (redis !== '') {
    written.push(...(await othersOn(redis, turns)));
    for (const announces of [false, true]) written.push(await ours('Redis', redis, announces, turns));
  }
  for (const announces of [false, true]) written.push(await ours('SQLite', sqlite, announces, turns));
  return written;
}

export function writersSection(runs: readonly Written[]): string {
  const rows = [...Map.groupBy(runs, ({ method }) => method)].map(([method, of]) => [
    method,
    short(spread(of.map(({ perSecond }) => perSecond)).median),
    `${Math.max(...of.map(({ lost }) => lost))} of ${WRITERS * TURNS}`,
    String(Math.max(...of.map(({ doubled }) => doubled))),
  ]);
  return `## ${WRITERS} writers, ${TURNS} turns each, one session\n\n${table(['method', 'turns/s', 'lost, at worst', 'doubled'], rows)}`;
}
