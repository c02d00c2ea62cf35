import type { TurnPassage } from '../../context/memory/passages.ts';

/** Entries of a list of a request that are of a conversation which the gateway remembers. */
export interface KeptEntries {
  readonly field: string;
  /** So many of the client's own stand before them, */
  readonly before: number;
  /** and so many behind. */
  readonly behind: number;
}

/** What was recalled for the user's last message: it stands at the end of that one's last text. */
export interface RecalledWords {
  readonly field: string;
  /** So many entries stand behind the message. */
  readonly behind: number;
  readonly passages: readonly TurnPassage[];
}

/** What of a request is of a conversation which the gateway remembers, and no words of who asks now. */
export interface KeptWords {
  readonly entries: readonly KeptEntries[];
  readonly recalled: RecalledWords | undefined;
}
