import type { GatewayConfig } from '../../config/schema/index.ts';
import type { Ticks } from '../../contracts/engine.ts';
import type { Scope } from '../../contracts/signal.ts';
import type { EventLogs } from '../../contracts/store.ts';
import { Slices } from '../../lib/slices.ts';
import type { Changes, RecordedChange } from '../../record/changes.ts';
import type { SignalTap } from '../../record/signals/signal-tap.ts';
import type { Logger } from '../../telemetry/logger.ts';
import type { Registry } from '../../telemetry/metrics.ts';
import { changedScopes } from './changed-scopes.ts';
import { EngineMeters } from './engine-meters.ts';
import { settingsOf } from './settings-of.ts';
import { EngineThread, OWN } from './thread.ts';

export interface AttachPorts {
  readonly log: Logger;
  readonly metrics: Registry;
  readonly changes: Changes;
  readonly signals: SignalTap;
  /** Of the store, where several gateways share it. */
  readonly logs?: EventLogs | undefined;
  /** Told now and then what the engine has learnt. */
  onMemory(memory: string): void;
  /** Wall clock, milliseconds since the epoch. */
  now(): number;
  readonly ticks: Ticks;
  /** What serves. */
  config(): GatewayConfig;
}

/** Signals wait for others at most a tenth of a tick, and a second. */
export const flushEvery = (tickMs: number): number => Math.min(1_000, Math.max(20, tickMs / 10));

/** The engine of this process, connected to what the process records. Absent: the configuration wants none. */
export function openEngine(started: GatewayConfig, ports: AttachPorts): EngineThread | undefined {
  if (!started.hypercare.enabled) return undefined;
  const { log, metrics, changes, signals, config, logs, now, ticks } = ports;
  const engine = new EngineThread(settingsOf(started), {
    log,
    meters: new EngineMeters(metrics),
    recent: signals.recent,
    logs,
    now,
    ticks,
    flush: () => signals.flush(),
    onMemory: (memory) => ports.onMemory(memory),
    giveBack: (buffer) => signals.giveBack(buffer),
  });
  signals.connect({
    send: (batch) => engine.take(OWN, batch),
    onDropped: (count) => engine.drop(count),
    context: (signal) => engine.context(signal),
    everyMs: flushEvery(started.hypercare.tick),
  });
  let before: GatewayConfig | undefined;
  changes.listen((change) => {
    if (change.kind !== 'revision') {
      tell(change, scopesOf(change));
      return;
    }
    const after = config();
    engine.use(settingsOf(after));
    const scopes = before && new Slices().through(changedScopes(before, after));
    before = after;
    if (scopes) scopes.then((found) => tell(change, found), faulted);
    else tell(change, undefined);
  });

  function tell({ id: _, ...change }: RecordedChange, scopes?: readonly Scope[]): void {
    engine.change({ ...change, scopes });
  }

  function faulted(error: unknown): void {
    log.error({ err: error }, 'what a revision changes is not known to the hypercare engine');
  }

  return engine;
}

function scopesOf({ kind, subject }: RecordedChange): readonly Scope[] | undefined {
  const [first = ''] = subject.split(' ');
  switch (kind) {
    case 'prompt':
      return [{ prompt: first }];
    case 'key':
      return [{ consumer: first }];
    case 'health':
    case 'ejection':
    case 'breaker':
    case 'target':
      return [{ upstream: first }];
    default:
      return undefined;
  }
}
