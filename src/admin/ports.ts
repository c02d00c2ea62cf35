import type { IncomingMessage, ServerResponse } from 'node:http';
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox';
import type { FastifyBaseLogger, FastifyInstance, RawServerDefault } from 'fastify';
import type { ConfigDesk } from '../config/desk.ts';
import type { Revisions } from '../config/revisions.ts';
import type { Conversations } from '../context/conversations.ts';
import type { Budgets } from '../contracts/budget.ts';
import type { Engine } from '../contracts/engine.ts';
import type { Ledger } from '../contracts/ledger.ts';
import type { Slot } from '../contracts/policy.ts';
import type { Documents } from '../contracts/store.ts';
import type { Care } from '../hypercare/care.ts';
import type { McpPorts } from '../mcp/ports.ts';
import type { Changes } from '../record/changes.ts';
import type { ServedFile } from '../server/served-file.ts';
import type { Answers } from '../stores/answers/index.ts';
import type { Logger } from '../telemetry/logger.ts';
import type { MetricsPage } from '../telemetry/metrics.ts';
import type { UpstreamRegistry } from '../upstream/registry.ts';
import type { TargetLoad } from '../upstream/target-loads.ts';
import type { InnerCalls } from './agent/inner-calls.ts';
import type { Audit } from './audit.ts';

/** What the admin API shows and does, made by `gateway.ts`. Each resource takes those that it needs. */
export interface AdminPorts {
  /** Of this build. */
  version: string;
  metrics: MetricsPage;
  probe(path: string): { status: number; body: string } | null;
  log: Logger;
  audit: Audit;
  changes: Changes;
  cache: Pick<Answers, 'purge'>;
  served: ServedFile;
  /** Reads, compares and masks texts of the config. */
  desk: ConfigDesk;
  revisions: Revisions;
  upstreams: Pick<UpstreamRegistry, 'get' | 'all'>;
  /** What runs on each target, of each process that carries requests. */
  loads(): Promise<TargetLoad[]>;
  /** Where each policy that is built stands in a request's way. */
  slots: ReadonlyMap<string, Slot>;
  /** JSON Schema of the config as people write it, as JSON. */
  configSchema(): string;
  care: Pick<Care, 'book' | 'desk' | 'applier' | 'knowledge' | 'reports' | 'report'>;
  engine: Pick<Engine, 'queries' | 'status' | 'reconciled'>;
  ledger: Ledger;
  budgets: Pick<Budgets, 'read'>;
  conversations: Conversations;
  documents: Documents;
  mcp: Pick<McpPorts, 'pins' | 'replica' | 'sessions'>;
  /** How the API asks itself for who is known already. */
  inner: InnerCalls;
  /** Writes what waits to be booked. */
  flushLedger(): Promise<void>;
  /** Wall clock, milliseconds since the epoch. */
  now(): number;
  status(): Promise<GatewayStatus>;
}

/** How the process is. */
export interface GatewayStatus {
  version: string;
  node: string;
  /** Milliseconds since the epoch. */
  startedAt: number;
  isReady: boolean;
  requestsInFlight: number;
  /** Those alive: the one that serves and those that still drain. */
  generations: number;
  /** `isUp` is what a ping says now. */
  store: { name: string; isUp: boolean };
}

/** The admin app inside which resources are registered: a schema is the type of what a handler is given. */
export type AdminApp = FastifyInstance<
  RawServerDefault,
  IncomingMessage,
  ServerResponse,
  FastifyBaseLogger,
  TypeBoxTypeProvider
>;
