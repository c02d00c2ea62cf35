import { createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { type Alive, upstreamOf } from '../../../bench/harness/ground.ts';
import type { Call } from '../../../bench/harness/suite.ts';
import { leaveInTurns, withUpstream } from '../../../bench/load/abort-leaving.ts';

const call: Call = {
  effort: { rounds: 1, seconds: 1, warmUpSeconds: 0, isSmoke: true },
  say: () => undefined,
  wants: () => true,
};

/** A proxy that goes on with its upstream call when the client has left. */
async function forgetful(alive: Alive): Promise<Alive> {
  const server = createServer((asked, response) => {
    const onward = request(`${alive.origin}${asked.url}`, (answer) => answer.pipe(response.writeHead(200)));
    onward.on('error', () => response.destroy()).end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return { ...alive, subject: { ...alive.subject, name: 'forgetful' }, origin };
}

test('clients leave the upstream itself, too, and what the load has of its core stands beside each', async () => {
  const heard: [string, string, number | undefined][] = [];
  const loads = await withAlone((alone) =>
    leaveInTurns({ ...alone, clients: 2, forgottenAfterMs: 60_000 }, (...one) => heard.push(one)),
  );
  expect(heard.map(([subject, phase]) => `${subject}, ${phase}`)).toEqual([
    'alone, silent',
    'alone, speaking',
    'alone, silent',
    'alone, speaking',
  ]);
  for (const [, , ms] of heard) expect(ms).toBeGreaterThanOrEqual(0);
  expect(loads).toEqual([{ what: 'alone', share: expect.any(Number) }]);
  expect(loads?.[0]?.share).toBeGreaterThan(0);
});

test('a call that has not ended in time is told as one that has not, and the next client has its turn', async () => {
  const heard: unknown[] = [];
  await withAlone(async ({ upstream, all }) => {
    const proxies = await Promise.all(all.map(forgetful));
    return leaveInTurns({ upstream, all: proxies, clients: 1, forgottenAfterMs: 50 }, (...one) =>
      heard.push(one),
    );
  });
  expect(heard).toEqual([
    ['forgetful', 'silent', undefined],
    ['forgetful', 'speaking', undefined],
  ]);
});

type Turns = Parameters<typeof leaveInTurns>[0];
type Loads = Awaited<ReturnType<typeof leaveInTurns>>;

/** With an upstream that nobody stands before. */
async function withAlone(
  act: (turns: Pick<Turns, 'upstream' | 'all'>) => Promise<Loads>,
): Promise<Loads | undefined> {
  let loads: Loads | undefined;
  await withUpstream(call, async (upstream, site) => {
    loads = await act({ upstream, all: [upstreamOf(site, 'alone')] });
  });
  return loads;
}
