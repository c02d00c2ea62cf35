import type { Message } from '../contracts/model-request.ts';

/** What a client's body is known by, up to the end of the last message that it listed: its next one mostly begins so. */
export interface LogMark {
  readonly bytes: number;
  /** The format that it was read in: another may read it otherwise. */
  readonly format: string;
  /** Keyed, of this process only. */
  readonly digest: string;
  /** Entries of its list. */
  readonly entries: number;
  /** How many of them stand first and are the system's. */
  readonly systems: number;
  /** Where those end, in bytes; where there are none, the list's first entry begins. */
  readonly head: number;
}

/** A log that a client has sent whole, and the turn that it led to. It says nothing of what was said. */
export interface KnownLog extends LogMark {
  /** Its id. */
  readonly turn: string;
  /** Messages, the answer not among them. */
  readonly count: number;
  /** About how many. */
  readonly tokens: number;
}

/** What a client sent of a log that begins, byte for byte, with one that is known. */
export interface LogTail {
  readonly known: KnownLog;
  /** All of it, read when it turns out that the conversation has not gone on from there. */
  whole(): readonly Message[];
}
