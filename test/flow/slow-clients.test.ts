import { get as getPlain } from 'node:http';
import { get as getSecure } from 'node:https';
import { connect, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { expect, it, onTestFinished } from 'vitest';
import { backend } from '../helpers/backend.ts';
import { authority, LOOPBACK, pemFolder } from '../helpers/certificates.ts';
import { eventually, testGateway } from '../helpers/gateway.ts';
import { watchStalls } from '../helpers/stalls.ts';

/** SLOW_CLIENTS=default: with the time for a head that a gateway has by itself. */
const isDefault = process.env.SLOW_CLIENTS === 'default';
const HEAD_MS = isDefault ? 10_000 : 2_000;
/** "10 s for a head: gone within 11." */
const GRACE_MS = 1_000;
/** Of the time for a head, after which a client that said nothing yet begins. */
const LATE = 0.8;
const PREFACE = 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n';

/** Sends something, as a share of the time for a head after it is connected. */
type Plan = readonly (readonly [share: number, bytes: string])[];

/** A head that comes line by line and never ends. */
const LINES: Plan = [
  [0, 'GET /x HTTP/1.1\r\nhost: a\r\n'],
  ...[0.2, 0.4, 0.6, 0.8, 1].map((share) => [share, `x-at: ${share}\r\n`] as const),
];
/** A head that begins late. */
const LATE_HEAD: Plan = [[LATE, 'GET /x HTTP/1.1\r\nhost: a\r\n']];

interface Kind {
  clients: number;
  plan: Plan;
  /** A handshake is done first, begun late, and the plan is said on the secure connection. */
  protocol?: 'h2' | 'http/1.1';
}

const LISTENERS: Record<'plain' | 'h2c' | 'tls', Record<string, Kind>> = {
  plain: {
    'send a head line by line': { clients: 500, plan: LINES },
    'begin a head late': { clients: 50, plan: LATE_HEAD },
  },
  h2c: {
    'send the preface alone': { clients: 50, plan: [[0, PREFACE]] },
    'begin with the preface late': { clients: 50, plan: [[LATE, PREFACE]] },
    'show late that they speak HTTP/1.1': { clients: 50, plan: LATE_HEAD },
  },
  tls: {
    'stop in the handshake': { clients: 50, plan: [[0, '\x16\x03\x01\x02\x00']] },
    'are late with the handshake, then with the head': { clients: 50, plan: LATE_HEAD, protocol: 'http/1.1' },
    'are late with the handshake, then with a stream': {
      clients: 50,
      plan: [[LATE, PREFACE]],
      protocol: 'h2',
    },
  },
};

/** @returns milliseconds from connected until the gateway has let go; the client never closes by itself. */
function slowClient(port: number, { plan, protocol }: Kind, ca: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
    const timers: NodeJS.Timeout[] = [];
    let connected = 0;
    const speak = (stream: Socket): void => {
      // The other side has said its last. Only once it has let go of the connection is what we send reset.
      stream.resume().once('end', () => timers.push(setInterval(() => stream.write('x'), 20)));
      stream.on('error', () => undefined);
      for (const [share, bytes] of plan) {
        const after = Math.max(0, connected + share * HEAD_MS - performance.now());
        timers.push(setTimeout(() => stream.write(bytes, 'latin1'), after));
      }
    };
    socket.once('connect', () => {
      connected = performance.now();
      if (protocol === undefined) {
        speak(socket);
        return;
      }
      timers.push(
        setTimeout(() => {
          const secure = connectTls({ socket, ca, host: '127.0.0.1', ALPNProtocols: [protocol] });
          // A client that did not get through the handshake would be no slow one.
          secure.once('error', reject).once('secureConnect', () => {
            secure.off('error', reject);
            speak(secure);
          });
        }, LATE * HEAD_MS),
      );
    });
    socket
      .on('error', () => undefined)
      .once('close', () => {
        for (const timer of timers) clearTimeout(timer);
        resolve(performance.now() - connected);
      });
    onTestFinished(() => void socket.destroy());
  });
}

const freshRequest = (url: string, ca: string): Promise<number | undefined> =>
  new Promise((resolve, reject) => {
    const asked = url.startsWith('https')
      ? getSecure(`${url}/x`, { ca, agent: false })
      : getPlain(`${url}/x`, { agent: false });
    asked.once('response', (answer) => resolve(answer.resume().statusCode)).once('error', reject);
  });

it.each(
  Object.entries(LISTENERS),
)('slow clients of a %s listener are gone in time, and others are served meanwhile', async (listener, kinds) => {
  const upstream = await backend((_request, response) => response.end('ok'));
  const [ca, files] = [await authority(), await pemFolder()];
  const certificates = [await files.putPair('a', await ca.issue({ names: LOOPBACK }))];
  const gateway = await testGateway({
    server: {
      ...(isDefault ? {} : { timeouts: { headers: `${HEAD_MS}ms` } }),
      http2: listener !== 'plain',
      ...(listener === 'tls' ? { tls: { certificates } } : {}),
    },
    upstreams: { up: { targets: [{ url: upstream.url }] } },
    routes: [{ name: 'all', match: { path: '/*' }, upstream: 'up' }],
  });
  const stalledFor = watchStalls();
  const { port } = new URL(gateway.url);
  const slowest = Object.entries(kinds).map(async ([what, kind]) => {
    const lives = Array.from({ length: kind.clients }, () => slowClient(Number(port), kind, ca.cert));
    const ms = Math.round(Math.max(...(await Promise.all(lives))));
    if (isDefault) process.stdout.write(`| ${listener} | ${kind.clients} that ${what} | ${ms} |\n`);
    return ms;
  });
  let isOver = false;
  const all = Promise.all(slowest).finally(() => {
    isOver = true;
  });
  await eventually(async () => {
    expect(await freshRequest(gateway.url, ca.cert)).toBe(200);
    return isOver;
  }, 4 * HEAD_MS);
  expect(Math.max(...(await all))).toBeLessThan(HEAD_MS + GRACE_MS + stalledFor());
});
