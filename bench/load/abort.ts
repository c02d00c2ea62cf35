import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { presentOf, withAlive } from '../harness/ground.ts';
import type { Started } from '../harness/processes.ts';
import type { Call, Findings, Subject, Suite } from '../harness/suite.ts';
import { short, table } from '../harness/wording.ts';
import { haproxy, rawDispatch, streamingNginx } from './floors.ts';
import { fullGateway } from './gateway.ts';
import { GET_1KB } from './messages.ts';

const WHAT =
  'a client that leaves: after how long its upstream hears of it, before and behind the first byte';

/** Before the answer has begun, and in the middle of it. */
const PHASES = ['silent', 'speaking'] as const;
type Phase = (typeof PHASES)[number];

interface Left {
  phase: Phase;
  subject: string;
  /** Milliseconds, ascending. */
  ms: number[];
  /** Upstream calls that had not ended ten seconds later. */
  forgotten: number;
}

const FORGOTTEN_MS = 10_000;

/** An upstream that never ends an answer, in this process: both ends of a call are on one clock. */
async function openUpstream() {
  const open = new Map<string, { begun: () => void; ended: () => void }>();
  const server = createServer((asked, response) => {
    const [, , phase = '', id = ''] = (asked.url ?? '').split('/');
    const call = open.get(id);
    if (call === undefined) {
      response.writeHead(200, { 'content-type': 'application/json' }).end(GET_1KB.answer);
      return;
    }
    response.once('close', call.ended);
    if (phase === 'speaking')
      response.writeHead(200, { 'content-type': 'text/event-stream' }).write('data: 1\n\n');
    call.begun();
  });
  server.keepAliveTimeout = 600_000;
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { open, server, port: (server.address() as AddressInfo).port };
}

type Upstream = Awaited<ReturnType<typeof openUpstream>>;

/** One client that leaves. @returns milliseconds until the upstream's side has ended too; undefined: it has not */
async function leave(
  upstream: Upstream,
  origin: string,
  phase: Phase,
  id: string,
): Promise<number | undefined> {
  let ended: () => void = () => undefined;
  const hasEnded = new Promise<void>((resolve) => {
    ended = resolve;
  });
  const { headers } = GET_1KB;
  await new Promise<void>((resolve, reject) => {
    let waits = phase === 'speaking' ? 2 : 1;
    const step = (): void => void (--waits === 0 && resolve());
    upstream.open.set(id, { begun: step, ended });
    const asked = request(`${origin}/api/${phase}/${id}`, { headers, agent: false }, (answer) => {
      answer.once('data', step).on('error', () => undefined);
    });
    asked.on('error', reject).end();
    leaving.set(id, () => asked.destroy());
  });
  const began = performance.now();
  leaving.get(id)?.();
  leaving.delete(id);
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<'late'>((resolve) => {
    timer = setTimeout(() => resolve('late'), FORGOTTEN_MS);
  });
  const outcome = await Promise.race([hasEnded, late]);
  clearTimeout(timer);
  upstream.open.delete(id);
  return outcome === 'late' ? undefined : performance.now() - began;
}

const leaving = new Map<string, () => void>();

async function run(call: Call): Promise<Findings> {
  const subjects: Subject[] = [streamingNginx(), haproxy(), rawDispatch(), fullGateway()];
  const { present, missing } = presentOf(subjects, call);
  const times = call.effort.isSmoke ? 3 : 40 * call.effort.seconds;
  const upstream = await openUpstream();
  const folder = mkdtempSync(join(tmpdir(), 'hypercare-bench-'));
  const left: Left[] = [];
  try {
    const started: Started = {
      pid: process.pid,
      port: upstream.port,
      assertAlive: () => undefined,
      stop: async () => undefined,
    };
    const site = { upstream: started, folder, profileTo: call.profileTo };
    await withAlive(site, present, GET_1KB, async (all) => {
      const byName = new Map<string, Left>();
      for (let turn = 0; turn < times * call.effort.rounds; turn++) {
        for (const { subject, origin } of all) {
          for (const phase of PHASES) {
            const key = `${subject.name} ${phase}`;
            const row = byName.get(key) ?? { phase, subject: subject.name, ms: [], forgotten: 0 };
            byName.set(key, row);
            const ms = await leave(upstream, origin, phase, `${turn}-${left.length}`);
            if (ms === undefined) row.forgotten++;
            else row.ms.push(ms);
          }
        }
      }
      for (const row of byName.values()) left.push({ ...row, ms: row.ms.sort((a, b) => a - b) });
    });
  } finally {
    upstream.server.closeAllConnections();
    upstream.server.close();
    rmSync(folder, { recursive: true, force: true });
  }
  const bad = left.filter(({ subject, forgotten }) => subject.startsWith('gateway') && forgotten > 0);
  if (bad.length > 0) throw new Error(`the gateway forgets calls: ${JSON.stringify(bad)}`);
  return {
    facts: ['one client at a time, on a connection of its own; subjects and phases take turns'],
    subjects: present,
    missing,
    sections: PHASES.map((phase) => sectionOf(phase, left)),
    reading:
      'Milliseconds from the moment that the client closes its connection until the upstream’s side of the call has ended, both seen by one process. "Never": not within ten seconds.',
    bottlenecks: [],
    data: { left },
  };
}

const TITLES: Readonly<Record<Phase, string>> = {
  silent: 'before the first byte of the answer',
  speaking: 'behind it',
};

function sectionOf(phase: Phase, left: readonly Left[]): string {
  const rows = left
    .filter((row) => row.phase === phase)
    .map(({ subject, ms, forgotten }) => {
      const at = (share: number): string =>
        short(ms[Math.min(ms.length - 1, Math.floor(ms.length * share))] ?? Number.NaN);
      return [subject, String(ms.length + forgotten), at(0.5), at(0.99), at(1), String(forgotten)];
    });
  return `## ${TITLES[phase]}\n\n${table(['subject', 'clients', 'p50, ms', 'p99, ms', 'longest, ms', 'never'], rows)}`;
}

/** How soon an upstream hears that nobody waits any more. */
export const abortSuite = (): Suite => ({ name: 'abort', what: WHAT, run });
