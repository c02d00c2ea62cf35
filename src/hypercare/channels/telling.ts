import { createHash } from 'node:crypto';
import type { GatewayConfig } from '../../config/schema/index.ts';
import type { FindingState, Priority } from '../../contracts/finding.ts';
import type { Documents } from '../../contracts/store.ts';
import type { Logger } from '../../telemetry/logger.ts';
import type { Outbound } from '../../upstream/outbound.ts';
import { type Finding, isOver } from '../findings/finding.ts';
import type { Channel, ToldEvent } from './channel.ts';
import { isDeadChannel } from './dead-channel.ts';
import { NotDelivered, postingBy } from './post.ts';
import { type OpenChannel, openChannels } from './settings.ts';

const COLLECTION = 'finding-told';
const THREADS = 'finding-threads';
const PAGE = 1000;
/** First wait after a failure, and the longest. */
const RETRY_MS = 1000;
const LONGEST_RETRY_MS = 5 * 60_000;
/** Failures in a row after which a channel is dead, which is a finding of its own. */
const DEAD = 5;
/** What is over and told is remembered as long. */
const KEPT_MS = 30 * 24 * 60 * 60 * 1000;

/** What a channel knows of a finding. */
interface KnownTo {
  readonly finding: string;
  readonly channel: string;
  /** Null: nothing yet, only tried. That it is muted is not told, only known: what wakes is told, then. */
  readonly state: FindingState | null;
  readonly priority: Priority | null;
  readonly thread: string;
  readonly attempts: number;
  readonly notBefore: number;
  /** Milliseconds since the epoch; 0: nothing yet. */
  readonly toldAt: number;
}

export interface TellingPorts {
  readonly documents: Documents;
  readonly log: Logger;
  readonly outbound: Pick<Outbound, 'fetch' | 'lookup'>;
  now(): number;
  notify(): GatewayConfig['hypercare']['notify'];
  /** A channel does not deliver any more, or does again, or is there no more. */
  onDead(channel: string, error: string): void;
  onAlive(channel: string): void;
}

/**
 * Tells channels what came of findings. What each was told is in the store beside the findings, and the difference is
 * what is sent: so nothing is lost in a crash, nothing said twice, and of changes that came together only the last is
 * told. The leader's work.
 */
export class Telling {
  readonly #ports: TellingPorts;
  readonly #known = new Map<string, KnownTo>();
  readonly #failures = new Map<string, number>();
  /** Channels that delivered last: of the others a finding may say that they are dead, though it was another that found it. */
  readonly #alive = new Set<string>();
  readonly #stop = new AbortController();
  #channels: OpenChannel[] = [];
  #settings = '';
  /** Times that leading began, and of which of them is what is known. */
  #term = 0;
  #readIn = -1;

  constructor(ports: TellingPorts) {
    this.#ports = ports;
  }

  /** What is known may be of another leader's time. A run that is under way tells nothing more. */
  forget(): void {
    this.#term++;
  }

  /** Cuts off what is under way, for good: whoever is leader next tells it, as the store does not say that it was told. */
  stop(): void {
    this.#stop.abort();
  }

  close(): void {
    for (const channel of this.#channels) channel.close?.();
    this.#channels = [];
    this.#settings = '';
  }

  /** Tells each channel what it does not know yet. @throws StoreUnavailable */
  async run(findings: readonly Finding[]): Promise<void> {
    if (this.#stop.signal.aborted) return;
    this.#open();
    const names = new Set(this.#channels.map(({ name }) => name));
    for (const finding of findings)
      if (isDeadChannel(finding) && !isOver(finding) && !names.has(finding.reason))
        this.#ports.onAlive(finding.reason);
    if (this.#channels.length === 0) return;
    await this.#read();
    const oldest = [...findings].reverse();
    // All to their end: the next run must not begin while a message is under way.
    const told = await Promise.allSettled(this.#channels.map((channel) => this.#tellAll(channel, oldest)));
    for (const each of told) if (each.status === 'rejected') throw each.reason;
  }

  async #tellAll(channel: OpenChannel, findings: readonly Finding[]): Promise<void> {
    for (const finding of findings) {
      if (this.#readIn !== this.#term) return;
      const known = this.#known.get(keyOf(channel, finding));
      const now = this.#ports.now();
      if (known?.state && finding.state === 'muted' && known.state !== 'muted')
        await this.#note(channel, finding, { ...known, state: 'muted' });
      const event =
        eventFor(finding, known, channel.priorities) ??
        (isForgotten(channel, finding, known, now) ? 'changed' : undefined);
      if (event === undefined || (known && known.notBefore > now)) continue;
      // A channel that fails is not asked for the next one at once: its messages keep their order.
      if (!(await this.#tell(channel, finding, event, known))) return;
    }
  }

  async #tell(
    channel: OpenChannel,
    finding: Finding,
    event: ToldEvent,
    known: KnownTo | undefined,
  ): Promise<boolean> {
    const { now, log } = this.#ports;
    const at = now();
    const base = { finding: finding.id, channel: channel.name };
    const before = known?.thread || (await this.#threadOf(channel, finding));
    const id = messageId(channel, finding);
    try {
      const thread = await channel.tell({
        event,
        finding,
        at,
        id,
        link: channel.console === '' ? '' : `${channel.console}/#/findings/${finding.id}`,
        thread: before,
      });
      const { state, priority } = finding;
      const said = { state, priority, thread, attempts: 0, notBefore: 0, toldAt: at };
      await this.#note(channel, finding, { ...base, ...said });
      if (channel.isByFingerprint && thread !== before) await this.#keepThread(channel, finding, thread);
      if (!this.#alive.has(channel.name)) this.#ports.onAlive(channel.name);
      this.#alive.add(channel.name);
      this.#failures.delete(channel.name);
      return true;
    } catch (error) {
      if (!(error instanceof NotDelivered)) throw error;
      // No fault of the channel's, and perhaps it has arrived: whoever hears it twice knows it by its id.
      if (this.#stop.signal.aborted) return false;
      const attempts = (known?.attempts ?? 0) + 1;
      const wait = Math.max(error.retryAfterMs, Math.min(LONGEST_RETRY_MS, RETRY_MS * 2 ** (attempts - 1)));
      const failures = (this.#failures.get(channel.name) ?? 0) + 1;
      this.#failures.set(channel.name, failures);
      this.#alive.delete(channel.name);
      log.warn(
        { channel: channel.name, finding: finding.id, reason: error.message, attempts },
        'a channel was not told',
      );
      const { state = null, priority = null, toldAt = 0 } = known ?? {};
      const so = { state, priority, thread: before, attempts, notBefore: at + wait, toldAt };
      await this.#note(channel, finding, { ...base, ...so });
      if (failures === DEAD) this.#ports.onDead(channel.name, error.message);
      return false;
    }
  }

  async #note(channel: Channel, finding: Finding, known: KnownTo): Promise<void> {
    const key = keyOf(channel, finding);
    this.#known.set(key, known);
    const isDone = known.state !== null && isOver({ state: known.state });
    await this.#ports.documents.put(COLLECTION, key, known, isDone ? { ttlMs: KEPT_MS } : {});
  }

  async #threadOf(channel: Channel, finding: Finding): Promise<string> {
    if (!channel.isByFingerprint) return '';
    const found = await this.#ports.documents.get<{ thread: string }>(THREADS, threadKeyOf(channel, finding));
    return found?.value.thread ?? '';
  }

  async #keepThread(channel: Channel, finding: Finding, thread: string): Promise<void> {
    await this.#ports.documents.put(THREADS, threadKeyOf(channel, finding), { thread });
  }

  /** The channels of the config that serves now. */
  #open(): void {
    const notify = this.#ports.notify();
    const settings = JSON.stringify(notify);
    if (settings === this.#settings) return;
    this.close();
    this.#settings = settings;
    const { fetch, lookup } = this.#ports.outbound;
    const stop = this.#stop.signal;
    const { channels, off } = openChannels(notify, { post: postingBy(fetch, stop), lookup, stop });
    this.#channels = channels;
    const names = new Set(channels.map(({ name }) => name));
    for (const [name, failures] of this.#failures) {
      if (names.has(name)) continue;
      this.#failures.delete(name);
      if (failures >= DEAD) this.#ports.onAlive(name);
    }
    for (const { name, why } of off) this.#ports.log.info({ channel: name, why }, 'a channel is off');
  }

  async #read(): Promise<void> {
    const term = this.#term;
    if (this.#readIn === term) return;
    this.#known.clear();
    this.#alive.clear();
    for (let after = ''; ; ) {
      const page = await this.#ports.documents.list<KnownTo>(COLLECTION, { after, limit: PAGE });
      for (const { id, value } of page) this.#known.set(id, value);
      const last = page.at(-1);
      if (page.length < PAGE || last === undefined) break;
      after = last.id;
    }
    this.#readIn = term;
  }
}

const keyOf = ({ name }: Channel, { id }: Finding): string => `${id} ${name}`;
const threadKeyOf = ({ name }: Channel, { fingerprint }: Finding): string =>
  `${name} ${createHash('sha256').update(fingerprint).digest('hex')}`;

/** Another for each thing that is told, and the same for each attempt: a long history does not grow longer, but goes on. */
const messageId = ({ name }: Channel, { id, history }: Finding): string =>
  `${id}-${history.length}-${history.at(-1)?.at.toString(36) ?? ''}-${name}`.replaceAll(
    /[^A-Za-z0-9._-]/g,
    '_',
  );

const EVENTS: Readonly<Partial<Record<FindingState, ToldEvent>>> = {
  acknowledged: 'acknowledged',
  resolved: 'resolved',
  expired: 'ended',
  regressed: 'regressed',
};

/** What there is to tell; undefined: nothing. */
function eventFor(
  finding: Finding,
  known: KnownTo | undefined,
  priorities: readonly Priority[],
): ToldEvent | undefined {
  const { state, priority } = finding;
  if (known === undefined || known.state === null) {
    if (isOver(finding) || state === 'muted' || !priorities.includes(priority)) return undefined;
    return state === 'regressed' ? 'regressed' : 'opened';
  }
  if (state === 'muted') return undefined;
  if (state !== known.state) return EVENTS[state] ?? 'changed';
  return known.priority !== null && priority < known.priority ? 'changed' : undefined;
}

/** Whether it would take for over what goes on, unless it is told again. */
function isForgotten(
  { repeatMs = Number.POSITIVE_INFINITY }: Channel,
  finding: Finding,
  known: KnownTo | undefined,
  now: number,
): boolean {
  if (!known?.state || isOver(finding) || finding.state === 'muted') return false;
  return now - (known.toldAt ?? 0) >= repeatMs;
}
