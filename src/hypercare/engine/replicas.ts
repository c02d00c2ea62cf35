import type { EventLogs } from '../../contracts/store.ts';
import { randomHex } from '../../lib/request-id.ts';
import type { Logger } from '../../telemetry/logger.ts';

/** The log in which replicas tell one another what they counted. */
const LOG = 'hypercare-deltas';
/** Ticks of all replicas together that it keeps: who was away for longer has missed them. */
const MOST = 1_000;
const KEPT_MS = 10 * 60_000;
const PAGE = 100;
/** Ticks without a word after which a replica is missing, and after which nobody waits for it any more. */
const MISSING = 3;
const FORGOTTEN = 30;
/** A slow store, or a clock that is a little behind, is nobody's absence. */
const SLACK_MS = 2_000;
/** Ticks that wait for a store that is away: a minute of them. */
const MOST_UNTOLD = 6;
/** Replicas that are remembered. */
const MOST_REPLICAS = 200;

interface Replica {
  seq: number;
  seenAt: number;
}

export interface ReplicasPorts {
  readonly logs: EventLogs;
  readonly log: Logger;
  tickMs(): number;
  /** Takes what another replica counted. */
  merge(delta: string): void;
  /** Whether the counts are of a part of the replicas only. */
  onPartial(isPartial: boolean): void;
  /** Wall clock, milliseconds since the epoch. */
  now(): number;
}

/**
 * What the replicas of one store tell one another: each appends what it counted in a tick, and counts what the others
 * appended. So each has the whole picture, and whoever takes the lease over goes on with it. A text is
 * `replica sequence delta`; what was counted already is known by its sequence.
 */
export class Replicas {
  readonly #ports: ReplicasPorts;
  readonly #me = randomHex(8);
  readonly #others = new Map<string, Replica>();
  #seq = 0;
  /** Read up to here; undefined: what stands there was before our time. */
  #place: string | undefined;
  #isPartial = false;
  /** What could not be told yet, oldest first. */
  readonly #untold: string[] = [];
  /** When the store last took and gave everything. */
  #heardAt: number;
  #isExchanging = false;
  #round: Promise<void> = Promise.resolve();

  constructor(ports: ReplicasPorts) {
    this.#ports = ports;
    this.#heardAt = ports.now();
  }

  get isPartial(): boolean {
    return this.#isPartial;
  }

  /** A tick is over: tells what it counted, and takes what others told. @param delta of this replica */
  tick(delta: string): void {
    this.#untold.push(`${this.#me} ${++this.#seq} ${delta}`);
    if (this.#untold.length > MOST_UNTOLD) this.#untold.shift();
    // One round at a time: what comes meanwhile goes with the next.
    if (!this.#isExchanging) this.#round = this.#exchange();
    else this.#say();
  }

  /** Says goodbye, so that nobody waits. */
  async close(): Promise<void> {
    await this.#round;
    this.#untold.push(`${this.#me} ${++this.#seq} `);
    await this.#tell().catch(() => undefined);
  }

  async #exchange(): Promise<void> {
    this.#isExchanging = true;
    try {
      if (this.#place === undefined) await this.#skip();
      await this.#tell();
      for (let page = PAGE; page === PAGE; ) page = await this.#read();
      this.#heardAt = this.#ports.now();
    } catch (error) {
      this.#ports.log.debug({ err: error }, 'replicas could not tell one another what they counted');
    }
    this.#isExchanging = false;
    this.#say();
  }

  /** Whoever is not sure that it was written writes it again: others go by the sequence. */
  async #tell(): Promise<void> {
    for (let text = this.#untold[0]; text !== undefined; text = this.#untold[0]) {
      await this.#ports.logs.append(LOG, text, { ttlMs: KEPT_MS, most: MOST });
      // Meanwhile a tick may have pushed it out: then the first is one that was not told yet.
      if (this.#untold[0] === text) this.#untold.shift();
    }
  }

  /** What was told before our time is not of now; who told it lately is there, though. */
  async #skip(): Promise<void> {
    let place = '';
    for (let page = PAGE; page === PAGE; ) {
      const texts = await this.#ports.logs.read(LOG, place, PAGE);
      place = texts.at(-1)?.place ?? place;
      page = texts.length;
    }
    this.#place = place;
  }

  async #read(): Promise<number> {
    const texts = await this.#ports.logs.read(LOG, this.#place ?? '', PAGE);
    for (const { place, text } of texts) {
      this.#take(text);
      this.#place = place;
    }
    return texts.length;
  }

  #take(text: string): void {
    const [from = '', number = ''] = text.split(' ', 2);
    const seq = Number(number);
    if (from === this.#me || from === '' || !Number.isSafeInteger(seq)) return;
    const known = this.#others.get(from);
    if (known && seq <= known.seq) return;
    const delta = text.slice(from.length + number.length + 2);
    if (delta === '') {
      this.#others.delete(from);
      return;
    }
    if (known) Object.assign(known, { seq, seenAt: this.#ports.now() });
    else if (this.#others.size < MOST_REPLICAS) this.#others.set(from, { seq, seenAt: this.#ports.now() });
    this.#ports.merge(delta);
  }

  #say(): void {
    const now = this.#ports.now();
    const tickMs = this.#ports.tickMs();
    const patience = MISSING * tickMs + SLACK_MS;
    let isMissing = now - this.#heardAt > patience;
    for (const [id, { seenAt }] of this.#others) {
      if (now - seenAt > FORGOTTEN * tickMs + SLACK_MS) this.#others.delete(id);
      else if (now - seenAt > patience) isMissing = true;
    }
    if (isMissing === this.#isPartial) return;
    this.#isPartial = isMissing;
    if (isMissing) this.#ports.log.warn('counts are of a part of the replicas only');
    this.#ports.onPartial(isMissing);
  }
}
