import { connect } from 'node:net';
import { Chance } from './chance.ts';
import { connectionOf, type Sent } from './framing.ts';
import { type House, openHouse } from './house.ts';

export interface SliceOptions {
  requests: number;
  /** The same seed sends the same bytes. */
  seed: string;
  /** At once. */
  connections?: number;
}

export interface Found {
  sent: number;
  /** By the gateway, in its own metrics; what stands behind a broken request is none. */
  recorded: number;
  /** Each with what tells how to see it again. None: all is well. */
  faults: string[];
}

/** Quiet for so long, it is told that nothing more will come; so long after that, it hangs. Milliseconds. */
const QUIET_MS = 150;
const HANG_MS = 20_000;

/** Sends a slice of fuzzed requests to a gateway of its own. */
export async function fuzz({ requests, seed, connections = 48 }: SliceOptions): Promise<Found> {
  const house = await openHouse();
  const faults: string[] = [];
  const onStray = (error: unknown): void =>
    void faults.push(`stray error: ${String((error as Error)?.stack)}`);
  process.on('unhandledRejection', onStray).on('uncaughtException', onStray);
  const chance = new Chance(seed);
  let sent = 0;

  async function keepSending(): Promise<void> {
    while (sent < requests) {
      const from = sent;
      const next = connectionOf(chance);
      sent += next.requests;
      if (!(await ends(house, next))) faults.push(`hangs: seed ${seed}, behind request ${from}`);
    }
  }

  try {
    await Promise.all(Array.from({ length: connections }, keepSending));
    const answer = await fetch(`${house.url}/after`);
    if (answer.status !== 200) faults.push(`afterwards it answers ${answer.status}`);
    await answer.body?.cancel();
    const left = await untilEmpty(house);
    if (left > 0) faults.push(`${left} requests still run when every client has gone`);
    return { sent, recorded: await house.recorded(), faults: [...faults, ...(await house.faults())] };
  } finally {
    await house.close();
    process.off('unhandledRejection', onStray).off('uncaughtException', onStray);
  }
}

/** Sends the bytes and waits until the gateway has closed. False: it does not. */
function ends({ url }: House, { bytes }: Sent): Promise<boolean> {
  return new Promise((resolve) => {
    const { hostname, port } = new URL(url);
    const socket = connect(Number(port), hostname);
    let hasHung = false;
    let quiet: NodeJS.Timeout | undefined;
    const hang = setTimeout(() => {
      hasHung = true;
      socket.destroy();
    }, HANG_MS);
    const wait = (): void => {
      clearTimeout(quiet);
      // Half closed: whoever has nothing to answer closes the other half.
      quiet = setTimeout(() => socket.end(), QUIET_MS);
    };
    socket.on('data', wait).on('connect', wait);
    // A reset ends it as well as a close.
    socket.on('error', () => socket.destroy());
    socket.on('close', () => {
      clearTimeout(quiet);
      clearTimeout(hang);
      resolve(!hasHung);
    });
    socket.write(bytes);
  });
}

async function untilEmpty(house: House): Promise<number> {
  const deadline = Date.now() + HANG_MS;
  for (;;) {
    const left = await house.inFlight();
    if (left === 0 || Date.now() > deadline) return left;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
