// The half of hypercare that acts: made of its parts here, and handed to gateway.ts as one.

import type { Engine } from '../contracts/engine.ts';
import type { Detection, DetectionEvent } from '../contracts/finding.ts';
import type { WatchedTick } from '../contracts/signal.ts';
import { type Documents, StoreUnavailable } from '../contracts/store.ts';
import type { Logger } from '../telemetry/logger.ts';
import type { Registry } from '../telemetry/metrics.ts';
import type { Outbound } from '../upstream/outbound.ts';
import { AutomaticActions } from './actions/automatic-actions.ts';
import { onlyValue } from './actions/proposal.ts';
import { CareReport } from './care-report.ts';
import { deadChannel } from './channels/dead-channel.ts';
import { Telling } from './channels/telling.ts';
import { MemoryBook } from './engine/memory-book.ts';
import { Signatures } from './exit/signatures.ts';
import { ReportBook } from './feedback/report-book.ts';
import { FeedbackWork } from './feedback/work.ts';
import { FindingBook } from './findings/book.ts';
import { Desk } from './findings/desk.ts';
import { type Finding, isOver } from './findings/finding.ts';
import { Intake } from './findings/intake.ts';
import { OpenFindingsMeter } from './findings/open-meter.ts';
import { Knowledge } from './knowledge/knowledge.ts';
import { lasting } from './lasting.ts';
import { Leader } from './leader.ts';
import { offersFor } from './offers.ts';
import { OwnApplier } from './own-applier.ts';
import type { ConfigPort, LivePort } from './ports.ts';
import type { Tier } from './priority/impact.ts';
import { Verifier } from './verification/verifier.ts';

export interface CarePorts {
  readonly documents: Documents;
  readonly engine: Engine;
  readonly config: ConfigPort;
  readonly live: LivePort;
  readonly log: Logger;
  readonly metrics: Registry;
  readonly outbound: Pick<Outbound, 'fetch' | 'lookup'>;
  /** Wall clock, milliseconds since the epoch. */
  now(): number;
}

/** Events that wait while the store is away. The engine repeats what lasts, so the oldest may go. */
const MOST_WAITING = 1000;

/** Changes within this are one message, in milliseconds. */
const TOGETHER_MS = 200;

type Waiting = { readonly detection: DetectionEvent } | { readonly tick: WatchedTick };

/** Findings, from what the engine says to their end. Whatever it does is off the request path. */
export class Care {
  readonly book: FindingBook;
  readonly desk: Desk;
  readonly applier: OwnApplier;
  readonly knowledge: Knowledge;
  readonly reports: ReportBook;
  readonly report: CareReport;
  readonly leader: Leader;
  readonly #ports: CarePorts;
  readonly #intake: Intake;
  readonly #verifier: Verifier;
  readonly #automatic: AutomaticActions;
  readonly #feedback: FeedbackWork;
  readonly #telling: Telling;
  readonly #meter: OpenFindingsMeter;
  readonly #ends: (() => void)[] = [];
  readonly #waiting: Waiting[] = [];
  /** How often something was said. */
  #said = 0;
  #working: Promise<void> | undefined;
  #beat: NodeJS.Timeout | undefined;
  #beating: Promise<void> | undefined;
  #soon: NodeJS.Timeout | undefined;
  #told: Promise<void> = Promise.resolve();
  #remembered: Promise<void> = Promise.resolve();
  readonly #memory: MemoryBook;
  #lost = 0;

  constructor(ports: CarePorts) {
    const { documents, engine, config, live, metrics, now } = ports;
    this.#ports = ports;
    this.leader = new Leader(documents, 'findings', now);
    this.book = new FindingBook(documents);
    this.knowledge = new Knowledge(documents);
    this.reports = new ReportBook(documents, { keepMs: () => config.config.hypercare.feedback.keep, now });
    this.#memory = new MemoryBook(documents);
    const { book, knowledge, reports } = this;
    const signatures = new Signatures(documents);
    this.report = new CareReport({ book, knowledge, reports, signatures, engine, config, now });
    this.#feedback = new FeedbackWork({ reports: this.reports, findings: this.book, engine });
    this.#meter = new OpenFindingsMeter(metrics);
    this.#telling = new Telling({
      documents,
      log: ports.log,
      outbound: ports.outbound,
      now,
      notify: () => config.config.hypercare.notify,
      onDead: (channel, error) =>
        this.#push({
          detection: { kind: 'opened', at: now(), detection: deadChannel(channel, error, now()) },
        }),
      onAlive: (channel) =>
        this.#push({ detection: { kind: 'ended', at: now(), detection: deadChannel(channel, '', now()) } }),
    });
    this.#verifier = new Verifier({
      book: this.book,
      engine,
      now,
      tickMs: () => config.config.hypercare.tick,
      revision: () => config.revision,
      promote: async (finding, action) => {
        await this.applier.apply(finding.id, action, { by: 'gateway' });
      },
      rollBack: async (finding, action, why) => {
        await this.#rollBack(finding, action, why);
      },
      onResolved: (finding) => this.#onResolved(finding),
    });
    const verify = this.#verifier.start.bind(this.#verifier);
    this.desk = new Desk({ book: this.book, now, verify });
    this.applier = new OwnApplier({ documents, book: this.book, config, live, now, verify });
    this.#intake = new Intake({
      book: this.book,
      now,
      leadsSince: () => this.leader.since,
      weights: () => config.config.hypercare.priority.weights,
      tierOf: (detection) => this.#tierOf(detection),
      actionsFor: (detection) => offersFor(detection, { config, live, now }),
      similarTo: (detection, title) => this.knowledge.similar(detection, title),
      verifyEnd: async ({ id }) => {
        await verify(id, { claim: 'over by itself', action: null }, 'gateway');
      },
    });
    this.#automatic = new AutomaticActions({
      documents,
      book: this.book,
      applier: this.applier,
      engine,
      now,
      settings: () => config.config.hypercare.autoActions,
    });
  }

  /** Follows the engine, and goes on with what was under verification before a restart. */
  async start(): Promise<void> {
    const { engine, config } = this.#ports;
    this.#ends.push(
      this.book.listen(() => this.#tellSoon()),
      engine.onDetection((detection) => this.#push({ detection })),
      engine.onWatched((tick) => this.#push({ tick })),
    );
    const beatMs = Math.min(10_000, config.config.hypercare.tick);
    this.#beat = setInterval(() => {
      // One that takes longer than the time between two is not joined by the next.
      this.#beating ??= this.beat().finally(() => {
        this.#beating = undefined;
      });
    }, beatMs);
    this.#beat.unref();
    await this.beat();
  }

  /** What is open, for an engine that begins: nothing while the store is away. */
  async open(): Promise<Detection[]> {
    let open: Detection[] = [];
    await this.#safely('what is open could not be read', async () => {
      open = lasting(await this.book.all());
    });
    return open;
  }

  /** What the engine learnt before this process began; '' = nothing, or the store is away. */
  async recall(): Promise<string> {
    let memory = '';
    await this.#safely('what the engine had learnt could not be read', async () => {
      memory = await this.#memory.read();
    });
    return memory;
  }

  /** Keeps what the engine has learnt. One of the replicas does: all have learnt the same. */
  remember(memory: string): void {
    if (!this.leader.isLeader) return;
    this.#remembered = this.#remembered.then(() =>
      this.#safely('what the engine has learnt could not be kept', () => this.#memory.write(memory)),
    );
  }

  async stop(): Promise<void> {
    clearInterval(this.#beat);
    for (const end of this.#ends.splice(0)) end();
    this.#telling.stop();
    await this.#beating;
    clearTimeout(this.#soon);
    await this.#working;
    await this.#told;
    await this.#remembered;
    this.#telling.close();
    await this.leader.resign().catch(() => undefined);
    await this.applier.leave().catch(() => undefined);
  }

  /** Everything that was said so far is worked off, as far as the store lets it be. */
  async settled(): Promise<void> {
    while (this.#working) await this.#working;
  }

  /** Now and then: keeps the lease, ends what is due, and works off what waits. */
  async beat(): Promise<void> {
    const wasLeader = this.leader.isLeader;
    const isLeader = await this.leader.renew();
    // First of all: what is worked off is told while the rest of it is.
    if (isLeader && !wasLeader) this.#telling.forget();
    this.#work();
    await this.settled();
    await this.#safely('the findings could not be looked after', async () => {
      const findings = await this.book.all();
      this.#meter.set(findings);
      await this.#safely('what this gateway did could not be taken back', () =>
        this.applier.look(findings, isLeader),
      );
      if (!isLeader) {
        this.#verifier.rest();
        return;
      }
      for (const finding of findings) this.#verifier.follow(finding);
      // Each its own matter: what fails for one keeps no other from its own.
      await this.#safely('automatic actions could not be ended', () => this.#automatic.endDue(findings));
      for (const finding of findings)
        await this.#safely('what was broken off could not be settled', () => this.applier.settle(finding));
      for (const finding of findings.filter((each) => !isOver(each)))
        await this.#safely('an automatic action failed', () => this.#automatic.consider(finding));
      await this.#leftOpen();
      await this.#safely('feedback could not be linked', () => this.#feedback.round(findings));
      this.#tellSoon();
    });
  }

  /** No finding stays open because its end was told at a wrong time, or is for the engine of another replica to tell. */
  async #leftOpen(): Promise<void> {
    const said = this.#said;
    const isWorkedOff = this.#waiting.length === 0;
    // Anew: much may have ended since the beat began.
    const findings = await this.book.all();
    for (const finding of findings)
      await this.#safely('a finding was left open', () => this.#intake.endLeft(finding));
    // What was said meanwhile may have ended what the list has as open: the next beat sees.
    if (isWorkedOff && said === this.#said) this.#ports.engine.resume(lasting(findings));
  }

  /** What changes together is told together. */
  #tellSoon(): void {
    if (this.#soon) return;
    this.#soon = setTimeout(() => {
      this.#soon = undefined;
      this.#tell();
    }, TOGETHER_MS);
    this.#soon.unref();
  }

  /** One round after the other. */
  #tell(): void {
    this.#told = this.#told.then(() =>
      this.#safely('channels could not be told', async () => {
        if (this.leader.isLeader) await this.#telling.run(await this.book.all());
      }),
    );
  }

  #push(item: Waiting): void {
    this.#said++;
    if (this.#waiting.length >= MOST_WAITING) {
      this.#waiting.shift();
      this.#lost++;
    }
    this.#waiting.push(item);
    this.#work();
  }

  #work(): void {
    if (this.#working || this.#waiting.length === 0 || !this.leader.isLeader) return;
    this.#working = this.#workOff().finally(() => {
      this.#working = undefined;
    });
  }

  async #workOff(): Promise<void> {
    for (let item = this.#waiting[0]; item !== undefined; item = this.#waiting[0]) {
      try {
        if ('tick' in item) await this.#verifier.take(item.tick);
        else await this.#detected(item.detection);
      } catch (error) {
        if (error instanceof StoreUnavailable) {
          this.#ports.log.warn(
            { err: error, waiting: this.#waiting.length, lost: this.#lost },
            'findings wait for the store',
          );
          return;
        }
        this.#ports.log.error({ err: error }, 'a finding could not be worked on');
      }
      this.#waiting.shift();
    }
  }

  async #detected(event: DetectionEvent): Promise<void> {
    const finding = await this.#intake.take(event);
    if (finding && event.kind === 'opened' && !isOver(finding)) await this.#feedback.opened(finding);
    if (finding && !isOver(finding)) await this.#automatic.consider(finding);
  }

  async #onResolved(finding: Finding): Promise<void> {
    await this.knowledge.learn(finding);
    await this.#feedback.resolved(finding);
  }

  async #rollBack(finding: Finding, action: number, why: string): Promise<void> {
    try {
      await this.applier.revert(finding.id, action, { by: 'gateway' }, why);
    } catch (error) {
      if (error instanceof StoreUnavailable) throw error;
      this.#ports.log.warn({ err: error }, 'a fix that failed could not be taken back');
    }
  }

  #tierOf(detection: Detection): Tier {
    const { routes, ai } = this.#ports.config.config;
    const name = onlyValue(detection, 'route');
    if (name === 'ai' || onlyValue(detection, 'model') !== undefined) return ai.priority;
    return routes.find((route) => route.name === name)?.priority ?? 'normal';
  }

  async #safely(what: string, work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      this.#ports.log.warn({ err: error }, what);
    }
  }
}
