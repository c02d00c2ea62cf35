import type { FaultSettings } from '../fault-settings.ts';
import type { SandboxPorts } from '../sandbox.ts';
import type { ConfigPatch } from './admin.ts';

/** What of a finding a story looks at, as `GET /api/findings/{id}` gives it. */
export interface SeenFinding {
  readonly id: string;
  readonly title: string;
  readonly sentence: string;
  readonly detector: string;
  readonly reason: string;
  readonly priority: string;
  readonly state: string;
  readonly what: { readonly signal: string };
  readonly where: { readonly scopes: readonly Readonly<Record<string, string>>[] };
  readonly cause: { readonly kind: string; readonly sentence: string };
  readonly actions: readonly {
    readonly n: number;
    readonly kind: string;
    readonly title: string;
    readonly does: {
      readonly patch: readonly { op: string; path: string; value?: unknown }[];
      readonly call: unknown;
    };
    readonly dryRun: { readonly ok: boolean };
  }[];
  readonly verification: {
    readonly state: string;
    readonly bad: number;
    readonly total: number;
    readonly broken: number;
  } | null;
  readonly linked: { readonly feedback: readonly string[] };
}

/** The part of `GET /api/exit` that ends a story. */
export interface SeenExit {
  readonly verdict: string;
  readonly criteria: readonly { readonly name: string; readonly evidence: readonly string[] }[];
  readonly signed: { readonly by: string } | null;
}

/** Whoever acts on what is found. */
export interface OnCall {
  /** Does what a finding offers; it is looked at until it is proven. */
  act(finding: SeenFinding, action: SeenFinding['actions'][number]): Promise<void>;
  /** It is proven. */
  proven?(finding: SeenFinding): Promise<void>;
  /** Nothing is open any more: ends the window in their name. */
  signOff(): Promise<void>;
}

/** The part of `GET /api/kpis` that a story moves. */
export interface SeenKpis {
  readonly findings: { readonly opened: number; readonly resolved: number; readonly open: number };
  readonly meanTimeToDetect: number | null;
  readonly meanTimeToResolve: number | null;
  readonly actedOnShare: number | null;
  readonly feedback: { readonly reports: number };
}

/** Somebody whom it hit. */
export interface Hit {
  readonly session: string;
  readonly requestId: string;
}

/** The people of a story: they come until they are told to stop, and notice what is wrong. */
export interface People {
  /** Somebody whom a kind of trouble hits from now on. */
  hit(trouble: string): Promise<Hit>;
  /** Something that they do differently from now on. */
  change(habit: string): void;
  stop(): Promise<void>;
}

/** What a chapter may do to the world. */
export interface World {
  fault(service: string, settings: FaultSettings): Promise<void>;
  /** Changes the config as an operator would: as a revision. */
  revise(patch: ConfigPatch): Promise<void>;
  readonly people: People;
}

/** One thing that goes wrong, and what is to be found of it. */
export interface Chapter {
  readonly title: string;
  /** What happens, as only the teller knows. */
  readonly happens: string;
  begin(world: World): Promise<void>;
  /** What somebody says whom it hits. `answer`: to the question that a vague complaint is met with. */
  readonly complaint: { readonly trouble: string; readonly comment: string; readonly answer?: string };
  /** Whether a finding is what this chapter is about: by its place and signal. */
  readonly isAbout: (finding: SeenFinding) => boolean;
  /** Causes and actions that are right. */
  readonly causes: readonly string[];
  readonly actions: readonly string[];
}

export interface Story {
  readonly name: string;
  readonly title: string;
  readonly about: string;
  readonly sandbox: SandboxPorts;
  /** The gateway's config. @param urls of the sandbox's services, by their names */
  config(urls: Readonly<Record<string, string>>): object;
  /** Faults that are no faults: how the services are from the beginning. */
  readonly faults?: Readonly<Record<string, FaultSettings>>;
  people(gatewayUrl: string, visitsPerSecond: number): People;
  readonly chapters: readonly Chapter[];
}
