/**
 * The entry of one sandbox process: `node sandbox-process.ts '{"kind":"model","name":"m","port":9101}'`.
 * `sandbox.ts` forks it; it reports once over IPC and ends with its parent.
 */
import { startModelService } from './model-service.ts';
import { startShopBackend } from './shop-backend.ts';

/** What a process is told to be. */
export interface ProcessSpec {
  kind: 'products' | 'payment' | 'recommendations' | 'model';
  name: string;
  port: number;
  host?: string;
}

/** What a process tells its parent once: where it listens, or why it can't. */
export type ProcessReport = { url: string } | { failed: string };

// The channel closes when the parent goes, however it goes: no orphan keeps a port.
process.once('disconnect', () => process.exit(0));
// Ctrl-C reaches the whole group; the backends stay until the gateway has drained and lets them go.
process.on('SIGINT', () => undefined);

const spec = JSON.parse(process.argv[2] ?? '{}') as ProcessSpec;
try {
  const service = await (spec.kind === 'model' ? startModelService(spec) : startShopBackend(spec));
  process.once('SIGTERM', () => {
    service.close().finally(() => process.exit(0));
  });
  report({ url: service.url });
} catch (error) {
  // Started by hand it fails as any script. A child stays until its parent ends it: an exit could
  // overtake the report.
  if (!process.send) throw error;
  report({ failed: error instanceof Error ? error.message : String(error) });
}

function report(message: ProcessReport): void {
  process.send?.(message);
}
