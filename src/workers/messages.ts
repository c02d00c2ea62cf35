import type { AddressInfo } from 'node:net';
import type { GatewayConfig } from '../config/schema/index.ts';
import type { AddressChange, PurgeSelection } from '../contracts/cache.ts';
import type { ContextSignal } from '../contracts/engine.ts';
import type { StateChange } from '../contracts/state-change.ts';
import type { CounterState, Limit, LimitState } from '../contracts/store.ts';
import type { Packed } from '../lib/packed.ts';
import type { Share } from '../lib/share.ts';
import type { SignalBatch } from '../record/signals/layout.ts';
import type { KeptRequest } from '../record/signals/recent-requests.ts';
import type { Figures } from '../telemetry/metrics.ts';
import type { Finding } from '../upstream/agreement.ts';
import type { TargetLoad } from '../upstream/target-loads.ts';

/** What a worker begins with. */
export interface Boot {
  /** What the gateway was started with: its store, its log, its limits. */
  readonly started: Packed<GatewayConfig>;
  readonly listen: { readonly host: string; readonly port: number };
  /** What serves now, and its number. */
  readonly config: Packed<GatewayConfig>;
  readonly revision: number;
  readonly findings: readonly Finding[];
  /** Which of the workers it is. */
  readonly share: Share;
  readonly processMetrics: boolean;
}

/** How busy a worker is. */
export interface WorkerStatus {
  readonly requestsInFlight: number;
  readonly generations: number;
}

/** A step of counters: the name of a method of `Counters`, and its arguments. */
export type Step =
  | readonly ['add', key: string, by: number, windowMs: number]
  | readonly ['take', scope: string, limits: readonly Limit[], cost: number]
  | readonly ['reset', key: string];
export type StepAnswer = CounterState | readonly LimitState[] | undefined;

/** What the primary asks a worker. */
export interface WorkerSide {
  /** Serves from now on; the address that it listens at. */
  serve(boot: Boot): Promise<AddressInfo>;
  /** Builds a revision beside the one that serves. Fails with what the build says. */
  prepare(config: Packed<GatewayConfig>): Promise<void>;
  /** Puts what was prepared into service, under this number. */
  swap(revision: number): Promise<void>;
  discard(): Promise<void>;
  /** The revision that serves goes by another number. */
  renumber(revision: number): Promise<void>;
  take(findings: readonly Finding[]): Promise<void>;
  figures(): Promise<Figures>;
  status(): Promise<WorkerStatus>;
  loads(): Promise<TargetLoad[]>;
  /** Forgets kept answers; how many. */
  purge(selection: PurgeSelection): Promise<number>;
  /** Another worker's change made kept answers wrong. */
  outdate(change: AddressChange): Promise<void>;
  flushLedger(): Promise<void>;
  unready(): Promise<void>;
  /** Finishes what runs within so many milliseconds; how many requests were cut off. */
  drain(timeoutMs: number): Promise<number>;
  exit(): void;
}

/** What a worker tells the engine, which is the primary's. */
export interface WorkerSignals {
  readonly batch: SignalBatch | undefined;
  /** Signals that had no room. */
  readonly dropped: number;
  readonly requests: readonly KeptRequest[];
  readonly contexts: readonly ContextSignal[];
}

/** What a worker asks the primary. */
export interface PrimarySide {
  found(finding: Finding): void;
  changed(change: StateChange): void;
  /** Answers that all workers may keep are wrong; resolves when the others know, or are not to be waited for. */
  outdated(change: AddressChange): Promise<void>;
  count(steps: readonly Step[]): Promise<StepAnswer[]>;
  signals(signals: WorkerSignals): void;
}
