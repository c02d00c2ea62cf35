import type { UpstreamRegistry } from './registry.ts';

/** What one process has on a target. Plain, so that it can be sent to another. */
export interface TargetLoad {
  readonly upstream: string;
  readonly url: string;
  readonly inFlight: number;
  /** Latency as balancing sees it, in milliseconds; 0 = not known. */
  readonly ewmaMs: number;
}

/** Of every target. */
export const loadsOf = (upstreams: Pick<UpstreamRegistry, 'all'>): TargetLoad[] =>
  upstreams
    .all()
    .flatMap((upstream) =>
      upstream
        .report()
        .map(({ url, inFlight, ewmaMs }) => ({ upstream: upstream.name, url, inFlight, ewmaMs })),
    );

/** What all processes have on a target together: the sum of what runs, and the mean latency of those who know one. */
export function together(
  loads: readonly TargetLoad[],
  upstream: string,
  url: string,
): Pick<TargetLoad, 'inFlight' | 'ewmaMs'> {
  const own = loads.filter((load) => load.upstream === upstream && load.url === url);
  const known = own.filter(({ ewmaMs }) => ewmaMs > 0);
  return {
    inFlight: own.reduce((sum, load) => sum + load.inFlight, 0),
    ewmaMs: known.reduce((sum, { ewmaMs }) => sum + ewmaMs, 0) / Math.max(1, known.length),
  };
}
