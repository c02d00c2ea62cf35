import type { AddressInfo } from 'node:net';
import type { GatewayConfig } from '../config/schema/index.ts';
import type { AddressChange, PurgeSelection } from '../contracts/cache.ts';
import type { OnStateChange } from '../contracts/state-change.ts';
import { GatewayError } from '../errors/gateway-error.ts';
import { ChannelError } from '../lib/channel.ts';
import { pack } from '../lib/packed.ts';
import type { WorkerMeters } from '../record/worker-meters.ts';
import type { Prepared } from '../server/reload.ts';
import type { Logger } from '../telemetry/logger.ts';
import type { Figures } from '../telemetry/metrics.ts';
import type { Agreement, Finding } from '../upstream/agreement.ts';
import type { TargetLoad } from '../upstream/target-loads.ts';
import { Drains } from './drains.ts';
import { Member } from './member.ts';
import type { Boot, PrimarySide, WorkerSignals, WorkerStatus } from './messages.ts';
import { watchPulse } from './pulse.ts';
import { Turns } from './turns.ts';

export interface CrewPorts {
  /** How many workers. */
  size: number;
  /** Module that a worker runs. */
  entry: URL;
  log: Logger;
  /** Takes lines of the workers' logs. */
  writeLine(line: string): void;
  onChange: OnStateChange;
  meters(): WorkerMeters;
  listen: { host: string; port: number };
  /** What a worker begins with, as of now. */
  boot(): Omit<Boot, 'share' | 'listen'>;
  /** Takes in what a worker has found out; what changes by it is told to all through `tell`. */
  take(finding: Finding): void;
  count: PrimarySide['count'];
  /** Takes what a worker saw of the traffic. */
  signals(id: number, signals: WorkerSignals): void;
  /** Milliseconds without an answer after which a worker is replaced. */
  hungAfterMs(): number;
  /** A worker has finished its work, and counted so much. */
  onFigures(id: number, figures: Figures): void;
  /** A worker has ended whose figures were known. */
  onEnded(id: number): void;
  /** So many of them listen now. */
  onServing(count: number): void;
}

/** Milliseconds that a worker may take: to begin, to build a revision, to swap, to say how it is, beyond a drain. */
const START_WITHIN_MS = 60_000;
const BUILD_WITHIN_MS = 60_000;
const SWAP_WITHIN_MS = 10_000;
const ANSWER_WITHIN_MS = 2_000;
/** A change that a client waits for need not wait for a worker that hangs. */
const OUTDATE_WITHIN_MS = 1_000;
const LAST_WORDS_MS = 10_000;
/** From the death of a worker to the next one: twice as long each time, unless it had lived for a while. */
const FIRST_DELAY_MS = 100;
const LONGEST_DELAY_MS = 10_000;
const LIVED_MS = 30_000;

/**
 * The workers, as the process that decides keeps them: as many as there should be, all with the same revision and the
 * same knowledge of targets. One that dies takes its own requests with it and is replaced.
 */
export class Crew implements Agreement {
  readonly decides = true;
  readonly #ports: CrewPorts;
  readonly #members = new Set<Member>();
  readonly #drains: Drains<Member>;
  /** A worker that begins and a revision that is applied wait for each other, so that none is left with an old one. */
  readonly #turns = new Turns();
  readonly #restarts = new Set<NodeJS.Timeout>();
  /** Workers in a row that did not live long. */
  #deaths = 0;
  #born = 0;
  /** Where the first listens: the others do at the same port, whichever it is. */
  #address: { host: string; port: number };
  #hasStarted = false;
  #isClosing = false;

  constructor(ports: CrewPorts) {
    this.#ports = ports;
    this.#address = ports.listen;
    this.#drains = new Drains<Member>(ports.take);
  }

  /** @returns the address that all of them listen at; fails with what the first worker says that can't begin */
  async start(): Promise<AddressInfo> {
    const { size } = this.#ports;
    // One before the others: that a port is taken is found out once.
    const address = await this.#begin(false);
    this.#address = { ...this.#address, port: address.port };
    // It serves: who dies from now on is replaced, also one that has only begun.
    this.#hasStarted = true;
    const others = await Promise.allSettled(Array.from({ length: size - 1 }, () => this.#begin(false)));
    for (const each of others)
      if (each.status === 'rejected' && !(each.reason instanceof ChannelError)) throw each.reason;
    return address;
  }

  tell(finding: Finding): void {
    if (finding.kind === 'drained') {
      this.#drains.settle(finding, this.#booted);
      return;
    }
    if (finding.kind === 'target' && finding.change.kind === 'target') this.#drains.begin(finding);
    for (const { channel } of this.#booted) channel.tell('take', [finding]);
  }

  /** Builds a revision in every worker; one that refuses it speaks for all. */
  async prepare(config: GatewayConfig): Promise<Prepared> {
    const end = await this.#turns.take();
    const members = this.#booted;
    const packed = pack(config);
    const built = await Promise.allSettled(
      members.map(({ channel }) => channel.ask('prepare', packed, BUILD_WITHIN_MS)),
    );
    const discard = async (): Promise<void> => {
      await Promise.allSettled(
        members.map(({ channel }) => channel.ask('discard', undefined, SWAP_WITHIN_MS)),
      );
      end();
    };
    // One that has died meanwhile begins anew with whatever serves then.
    const refused = built.find((each, i) => {
      const member = members[i] as Member;
      return each.status === 'rejected' && this.#members.has(member) && !member.isGone;
    });
    if (refused?.status === 'rejected') {
      await discard();
      throw refused.reason;
    }
    return {
      serve: async (revision) => {
        await Promise.allSettled(members.map((member) => this.#swap(member, revision)));
        end();
      },
      discard,
    };
  }

  async #swap(member: Member, revision: number): Promise<void> {
    try {
      await member.channel.ask('swap', revision, SWAP_WITHIN_MS);
      // What it had no target for when it was told.
      member.channel.tell('take', this.#ports.boot().findings);
    } catch (error) {
      if (member.isGone) return;
      // It would go on with the old revision: better it begins anew with the new one.
      this.#ports.log.error({ err: error, worker: member.pid }, 'a worker did not take the new revision');
      member.kill();
    }
  }

  renumber(revision: number): void {
    for (const { channel } of this.#booted) channel.tell('renumber', revision);
  }

  async status(): Promise<WorkerStatus> {
    const all = await this.#askAll((channel) => channel.ask('status', undefined, ANSWER_WITHIN_MS));
    return {
      requestsInFlight: all.reduce((sum, { requestsInFlight }) => sum + requestsInFlight, 0),
      generations: Math.max(0, ...all.map(({ generations }) => generations)),
    };
  }

  /** What each worker has on each target; one that is busy is left out. */
  async loads(): Promise<TargetLoad[]> {
    return (await this.#askAll((channel) => channel.ask('loads', undefined, ANSWER_WITHIN_MS))).flat();
  }

  /** Of each worker by its id; one that is busy is missing. */
  async figures(): Promise<Map<number, Figures>> {
    const all = await this.#askAll(async (channel, id) => {
      const figures = await channel.ask('figures', undefined, ANSWER_WITHIN_MS);
      return [id, figures] as const;
    });
    return new Map(all);
  }

  async #outdate(change: AddressChange, by: Member): Promise<void> {
    const others = this.#booted.filter((member) => member !== by);
    await Promise.allSettled(
      others.map(({ channel, isServing }) => {
        if (isServing) return channel.ask('outdate', change, OUTDATE_WITHIN_MS);
        return channel.tell('outdate', change);
      }),
    );
  }

  /** @returns how many answers were forgotten; fails with `worker_unresponsive` if a worker that runs does not say that it has */
  async purge(selection: PurgeSelection): Promise<number> {
    const all = await Promise.allSettled(this.#booted.map((member) => this.#purgeOne(member, selection)));
    let purged = 0;
    for (const each of all) {
      if (each.status === 'rejected') throw each.reason;
      purged += each.value;
    }
    return purged;
  }

  async #purgeOne(member: Member, selection: PurgeSelection): Promise<number> {
    try {
      return await member.channel.ask('purge', selection, ANSWER_WITHIN_MS);
    } catch (error) {
      if (!(error instanceof ChannelError)) throw error;
      // What it kept has gone with it.
      if (member.isGone) return 0;
      throw new GatewayError('worker_unresponsive', {
        detail: `Worker ${member.pid} has not said within ${ANSWER_WITHIN_MS} ms that it has purged; all others have been asked, too.`,
        cause: error,
      });
    }
  }

  async flushLedger(): Promise<void> {
    await this.#askAll((channel) => channel.ask('flushLedger', undefined, ANSWER_WITHIN_MS));
  }

  unready(): void {
    for (const { channel } of this.#booted) channel.tell('unready', undefined);
  }

  /** All finish what runs, and end. @returns how many requests had to be cut off */
  async drain(timeoutMs: number): Promise<number> {
    this.#isClosing = true;
    for (const timer of this.#restarts) clearTimeout(timer);
    const cut = await Promise.all([...this.#members].map((member) => this.#dismiss(member, timeoutMs)));
    return cut.reduce((sum, each) => sum + each, 0);
  }

  async #dismiss(member: Member, timeoutMs: number): Promise<number> {
    const { channel, isServing, id } = member;
    try {
      if (!isServing) return 0;
      const cut = await channel.ask('drain', timeoutMs, timeoutMs + LAST_WORDS_MS);
      this.#ports.onFigures(id, await channel.ask('figures', undefined, ANSWER_WITHIN_MS));
      return cut;
    } catch (error) {
      this.#ports.log.error({ err: error, worker: member.pid }, 'a worker did not drain');
      return 0;
    } finally {
      await member.exit();
    }
  }

  /** Of one that has ended, or of none yet. */
  #freePlace(): number {
    const taken = new Set([...this.#members].map(({ place }) => place));
    let place = 0;
    while (taken.has(place)) place++;
    return place;
  }

  get #booted(): Member[] {
    return [...this.#members].filter(({ hasBooted }) => hasBooted);
  }

  /** Those that fail are left out. */
  async #askAll<T>(ask: (channel: Member['channel'], id: number) => Promise<T>): Promise<T[]> {
    const answers = await Promise.allSettled(this.#booted.map(({ channel, id }) => ask(channel, id)));
    return answers.flatMap((answer) => (answer.status === 'fulfilled' ? [answer.value] : []));
  }

  /** @param isReplacement for one that had ended: a change that is told */
  async #begin(isReplacement: boolean): Promise<AddressInfo> {
    const { entry, writeLine, onChange, count, signals, take, boot, size } = this.#ports;
    const member: Member = new Member(
      { id: ++this.#born, place: this.#freePlace() },
      entry,
      {
        found: (finding) => {
          if (finding.kind === 'drained') this.#drains.note(finding, member, this.#booted);
          else take(finding);
        },
        changed: onChange,
        outdated: (change) => this.#outdate(change, member),
        count,
        signals: (seen) => signals(member.id, seen),
      },
      writeLine,
    );
    this.#members.add(member);
    void member.ended.then((how) => this.#lost(member, how));
    const end = await this.#turns.take();
    try {
      member.hasBooted = true;
      const begin = { ...boot(), listen: this.#address, share: { place: member.place, of: size } };
      const address = await member.channel.ask('serve', begin, START_WITHIN_MS);
      member.isServing = true;
      this.#watch(member);
      this.#countServing();
      if (isReplacement)
        onChange({ ...aboutWorker(member), from: 'starting', to: 'serving', reason: 'one had ended' });
      return address;
    } catch (error) {
      member.kill();
      throw error;
    } finally {
      end();
    }
  }

  #watch(member: Member): void {
    const { log, hungAfterMs, meters } = this.#ports;
    const end = watchPulse({
      beat: (withinMs) => member.channel.ask('status', undefined, withinMs),
      hungAfterMs,
      onHung: () => {
        const fault = `no answer for ${hungAfterMs()} ms`;
        log.error({ worker: member.pid }, `a worker hangs and is ended: ${fault}`);
        meters().hung.inc();
        member.kill(fault);
      },
    });
    void member.ended.then(end);
  }

  #lost(member: Member, how: string): void {
    const { onEnded, onChange, meters } = this.#ports;
    this.#members.delete(member);
    this.#countServing();
    this.#drains.forget(member, this.#booted);
    onEnded(member.id);
    if (this.#isClosing || !this.#hasStarted) return;
    const from = member.isServing ? 'serving' : 'starting';
    onChange({ ...aboutWorker(member), from, to: 'ended', reason: member.fault ?? how });
    this.#deaths = performance.now() - member.bornAt > LIVED_MS ? 0 : this.#deaths + 1;
    const delay = Math.min(LONGEST_DELAY_MS, FIRST_DELAY_MS * 2 ** Math.max(0, this.#deaths - 1));
    const timer = setTimeout(() => {
      this.#restarts.delete(timer);
      meters().restarts.inc();
      this.#begin(true).catch((error: unknown) =>
        // Its end begins the next attempt.
        this.#ports.log.error({ err: error }, 'a worker could not begin'),
      );
    }, delay);
    this.#restarts.add(timer);
  }

  #countServing(): void {
    this.#ports.onServing([...this.#members].filter(({ isServing }) => isServing).length);
  }
}

const aboutWorker = ({ pid }: Member) =>
  ({ at: Date.now(), kind: 'worker', subject: `worker ${pid}`, by: 'gateway' }) as const;
