import { LRUCache } from 'lru-cache';
import type {
  Reserved,
  SessionHead,
  SessionRef,
  StoredSummary,
  StoredTurn,
  TurnContent,
} from '../contracts/session.ts';
import type { KnownLog } from './known-log.ts';
import type { OpenedTurn } from './path.ts';
import type { TenantSeal } from './ports.ts';

/** What is at hand of one session: turns above `from`, up to `version`. Another object each time it grows: `#held` weighs it then. */
interface Held {
  readonly owner: string;
  generation: number;
  edits: number;
  from: number;
  version: number;
  size: number;
  readonly turns: Map<string, OpenedTurn>;
  log?: KnownLog;
  summary?: StoredSummary | undefined;
}

/** What needs not be read again. */
interface Known {
  readonly generation: number;
  readonly edits: number;
  readonly version: number;
  readonly epoch: number;
  readonly summary: StoredSummary | undefined;
}

/** Characters of contents that are held at most, over all sessions: some 64 MB, and what was written of them as much again. */
const MOST_CHARACTERS = 32 * 1024 * 1024;
/** What nobody asked for so long is let go: it is what people said, in the clear. */
const UNUSED_MS = 10 * 60 * 1000;
/** Beside its content, what a turn takes. */
const TURN_SIZE = 600;

/**
 * Turns that this process has read, opened. They never change but by a deletion, which the session's `edits` tell, so that
 * of a long conversation only what is new has to be read. Bounded; the store is always asked what is new.
 */
export class OpenedSessions {
  readonly #held = new LRUCache<string, Held>({
    maxSize: MOST_CHARACTERS,
    sizeCalculation: ({ size }) => Math.max(1, size),
    ttl: UNUSED_MS,
    updateAgeOnGet: true,
    ttlAutopurge: true,
    // The time is asked for once in so many milliseconds, and not at each use.
    ttlResolution: 1000,
  });

  /** @param owners digests of who asks: what is held of somebody else's they know nothing of */
  known(ref: SessionRef, owners: readonly string[]): Known | undefined {
    const held = this.#held.get(keyOf(ref));
    if (!held || !(held.owner === '' || owners.includes(held.owner))) return undefined;
    const { generation, edits, version, summary } = held;
    return { generation, edits, version, epoch: summary?.epoch ?? 0, summary };
  }

  /**
   * Takes what was read: turns above `from`.
   * @returns all turns at hand above the head's `covered`, by id
   */
  take(
    ref: SessionRef,
    head: SessionHead,
    from: number,
    turns: readonly StoredTurn[],
    seal: TenantSeal,
  ): ReadonlyMap<string, OpenedTurn> {
    const key = keyOf(ref);
    const before = this.#held.get(key);
    const goesOn =
      before?.generation === head.generation &&
      before.edits === head.edits &&
      // A store that has lost turns goes on with others in their place.
      before.version <= head.version &&
      before.version >= from &&
      before.from <= from;
    const { owner, generation, edits } = head;
    const held: Held = goesOn
      ? { ...before }
      : { owner, generation, edits, from, version: from, size: 0, turns: new Map() };
    for (const turn of turns) {
      if (turn.version !== held.version + 1) continue;
      held.turns.set(turn.id, openTurn(turn, seal));
      held.version = turn.version;
      held.size += turn.content.length + TURN_SIZE;
    }
    this.#held.set(key, held);
    return held.turns;
  }

  /** Keeps a turn beside those that follow one another: one whose call has its results only behind a summary. */
  keep(ref: SessionRef, turn: OpenedTurn | undefined): void {
    const held = this.#held.get(keyOf(ref));
    if (!held || !turn || held.turns.has(turn.turn.id)) return;
    held.turns.set(turn.turn.id, turn);
    const size = held.size + JSON.stringify(turn.content).length + TURN_SIZE;
    this.#held.set(keyOf(ref), { ...held, size });
  }

  /** Keeps the summary that is in force. */
  keepSummary(ref: SessionRef, summary: StoredSummary | undefined): void {
    const held = this.#held.get(keyOf(ref));
    if (!held || held.summary === summary) return;
    const size = held.size + (summary?.content.length ?? 0) - (held.summary?.content.length ?? 0);
    this.#held.set(keyOf(ref), { ...held, summary, size });
  }

  /** The log that its client sent last, if it sent all of it. */
  log(ref: SessionRef): KnownLog | undefined {
    return this.#held.get(keyOf(ref))?.log;
  }

  noteLog(ref: SessionRef, generation: number, log: KnownLog): void {
    const held = this.#held.get(keyOf(ref));
    if (held?.generation === generation) held.log = log;
  }

  forget(ref: SessionRef): void {
    this.#held.delete(keyOf(ref));
  }
}

const keyOf = ({ tenant, session }: SessionRef): string => `${tenant.length} ${tenant}${session}`;

type Reservation = Extract<Reserved, { kind: 'reserved' }>;

/** A reservation with the summary in force, also where that was known and not sent again. */
export function withSummary(reserved: Reservation, known: Known | undefined): Reservation {
  const summary = reserved.head.epoch === known?.epoch ? known.summary : undefined;
  return reserved.summary || !summary ? reserved : { ...reserved, summary };
}

/** @throws Error if it can't be opened */
export function openTurn({ content, ...turn }: StoredTurn, seal: TenantSeal): OpenedTurn {
  return { turn, content: JSON.parse(seal.open(content)) as TurnContent };
}
