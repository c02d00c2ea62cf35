import { Resolver } from 'node:dns/promises';

/** Milliseconds for which a name's addresses hold; undefined where nobody says. It does not fail. */
export type TimeToLive = (hostname: string) => Promise<number | undefined>;

/**
 * What the DNS says, of the addresses that hold for the shortest time. Names without a dot are completed by the system's
 * search domains and `localhost` never leaves the machine: the DNS is not asked for them.
 */
export const timeToLiveOf =
  (resolver: Resolver): TimeToLive =>
  async (hostname) => {
    if (!hostname.includes('.') || hostname.endsWith('.localhost')) return undefined;
    const answers = await Promise.allSettled([
      resolver.resolve4(hostname, { ttl: true }),
      resolver.resolve6(hostname, { ttl: true }),
    ]);
    // A name of the hosts file, or no server to ask: the interval goes on.
    const seconds = answers
      .flatMap((answer) => (answer.status === 'fulfilled' ? answer.value : []))
      .map(({ ttl }) => ttl);
    return seconds.length === 0 ? undefined : Math.min(...seconds) * 1000;
  };

/** Of the machine's own name servers. Nobody waits for the answer, so it may take its time. */
export const systemTimeToLive: TimeToLive = timeToLiveOf(new Resolver({ timeout: 2_000, tries: 2 }));
