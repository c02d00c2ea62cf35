import { type TestGateway, type TestGatewayOptions, testGateway } from './gateway.ts';

/** Milliseconds: what the specification's windows are written for. */
const TICK_MS = 10_000;
const HOUR_MS = 3_600_000;

/** A gateway whose time a test lets pass: however busy the machine is, a tick holds what the test put into it. */
export interface TickedGateway extends TestGateway {
  /** What its clock shows, milliseconds since the epoch. */
  now(): number;
  /** Lets ticks pass, each after what happens in it. */
  pass(ticks: number, during: () => Promise<unknown>): Promise<void>;
  /** Lets ticks pass until `check` gives something; fails after `most`. */
  until<T>(
    check: () => T | undefined | false | null | Promise<T | undefined | false | null>,
    during: () => Promise<unknown>,
    most?: number,
  ): Promise<T>;
}

export interface TickedOptions extends Omit<TestGatewayOptions, 'now' | 'ticks' | 'engine'> {
  /** Where its clock begins, milliseconds since the epoch; default the next full hour. It goes as the ticks pass. */
  from?: number;
}

export async function tickedGateway(
  config: object,
  { from = Math.ceil(Date.now() / HOUR_MS) * HOUR_MS, ...options }: TickedOptions = {},
): Promise<TickedGateway> {
  let now = from;
  const gateway = await testGateway(
    { hypercare: { enabled: true, tick: `${TICK_MS}ms` }, ...config },
    { ...options, now: () => now, ticks: 'manual' },
  );
  const pass = async (ticks: number, during: () => Promise<unknown>): Promise<void> => {
    for (let tick = 0; tick < ticks; tick++) {
      await during();
      now += TICK_MS;
      await gateway.tick();
    }
  };
  return Object.assign(Object.create(gateway) as TestGateway, {
    now: () => now,
    pass,
    until: async <T>(
      check: () => T | undefined | false | null | Promise<T | undefined | false | null>,
      during: () => Promise<unknown>,
      most = 60,
    ): Promise<T> => {
      for (let tick = 0; tick < most; tick++) {
        await pass(1, during);
        const value = await check();
        if (value) return value;
      }
      throw new Error(`did not happen within ${most} ticks: ${check.toString().slice(0, 200)}`);
    },
  });
}
