import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Alive, rotated, type Site } from '../harness/ground.ts';
import { type Beside, LoadShare } from '../harness/load-share.ts';
import type { Started } from '../harness/processes.ts';
import type { Call } from '../harness/suite.ts';
import { GET_1KB } from './messages.ts';

/** Before the answer has begun, and in the middle of it. */
export const PHASES = ['silent', 'speaking'] as const;
export type Phase = (typeof PHASES)[number];

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

export type Upstream = Awaited<ReturnType<typeof openUpstream>>;

/** One client that leaves. @returns milliseconds until the upstream's side has ended too; undefined: it has not */
async function leave(
  { upstream, forgottenAfterMs }: Leaving,
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
    hangUp.set(id, () => asked.destroy());
  });
  const began = performance.now();
  hangUp.get(id)?.();
  hangUp.delete(id);
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<'late'>((resolve) => {
    timer = setTimeout(() => resolve('late'), forgottenAfterMs);
  });
  const outcome = await Promise.race([hasEnded, late]);
  clearTimeout(timer);
  upstream.open.delete(id);
  return outcome === 'late' ? undefined : performance.now() - began;
}

/** What ends the calls of clients, by their ids. */
const hangUp = new Map<string, () => void>();

/** Does something with such an upstream and a folder, and takes both away. */
export async function withUpstream(
  call: Call,
  act: (upstream: Upstream, site: Site) => Promise<void>,
): Promise<void> {
  const upstream = await openUpstream();
  const folder = mkdtempSync(join(tmpdir(), 'hypercare-bench-'));
  const started: Started = {
    pid: process.pid,
    port: upstream.port,
    assertAlive: () => undefined,
    stop: async () => undefined,
  };
  try {
    await act(upstream, { upstream: started, folder, profileTo: call.profileTo });
  } finally {
    upstream.server.closeAllConnections();
    upstream.server.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Who leaves whom. */
export interface Leaving {
  upstream: Upstream;
  all: readonly Alive[];
  /** For each of all, in each phase. */
  clients: number;
  /** A call that has not ended then is not waited for. */
  forgottenAfterMs: number;
}

/**
 * So many clients in turns of subjects and phases; `found` is told of each.
 * @returns what this process, which is both ends of the calls, had of its core beside each subject
 */
export async function leaveInTurns(
  leaving: Leaving,
  found: (subject: string, phase: Phase, ms: number | undefined) => void,
): Promise<Beside[]> {
  const watched = leaving.all.map(({ subject: { name }, origin }) => ({
    name,
    origin,
    load: new LoadShare(),
  }));
  for (let turn = 0; turn < leaving.clients; turn++) {
    for (const { name, origin, load } of rotated(watched, turn)) {
      await load.during(async () => {
        for (const phase of PHASES) found(name, phase, await leave(leaving, origin, phase, String(turn)));
      });
    }
  }
  return watched.map(({ name, load }) => ({ what: name, share: load.share }));
}
