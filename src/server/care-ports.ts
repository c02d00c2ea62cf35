import type { Revisions } from '../config/revisions.ts';
import type { PurgeSelection } from '../contracts/cache.ts';
import type { ConfigPort, LivePort } from '../hypercare/ports.ts';
import type { UpstreamRegistry } from '../upstream/registry.ts';
import type { ServedFile } from './served-file.ts';

/** The served file as hypercare sees it. */
export function configPort(served: ServedFile, revisions: Revisions): ConfigPort {
  return {
    get config() {
      return served.loaded.config;
    },
    get text() {
      return served.loaded.text;
    },
    get revision() {
      return served.revision;
    },
    get etag() {
      return served.etag;
    },
    textOf: async (revision) => (await revisions.get(revision))?.text,
    revise: (change) => served.revise(change),
  };
}

/** What runs, as hypercare may change it. */
export function livePort(
  registry: UpstreamRegistry,
  cache: { purge(selection: PurgeSelection, sharing: readonly string[]): Promise<number> },
  sharing: () => readonly string[],
): LivePort {
  return {
    targets: (upstream) => registry.get(upstream)?.report(),
    setTarget: (upstream, url, to, by, reason) =>
      registry.get(upstream)?.change(url, { kind: 'target', to, reason, by }) ?? false,
    setBreaker(upstream, to, by, reason) {
      const found = registry.get(upstream);
      found?.resilience.breaker.force(to, by, reason);
      return found !== undefined;
    },
    purge: (selection) => cache.purge(selection, sharing()),
  };
}
