import type { McpFacts } from '../../contracts/exchange.ts';
import type { ErrorCode } from '../../errors/table.ts';

/** A request for a host of another replica. */
export interface Ask {
  readonly kind: 'ask';
  readonly id: string;
  readonly server: string;
  readonly method: 'POST' | 'GET' | 'DELETE';
  readonly headers: Readonly<Record<string, string>>;
  /** JSON, or null. */
  readonly body: string | null;
  readonly principal: string;
  readonly consumer: string;
  readonly groups: readonly string[];
  readonly mcp: McpFacts | null;
  readonly continues: boolean;
}

/** What stands in the inbox of a replica: a request, or that nobody waits for its answer any more. */
export type Letter = Ask | { readonly kind: 'leave'; readonly id: string };

/** A piece of an answer. */
export type Piece =
  | { readonly kind: 'head'; readonly status: number; readonly headers: Readonly<Record<string, string>> }
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'end' }
  | { readonly kind: 'failed'; readonly code: ErrorCode; readonly headers: Readonly<Record<string, string>> };

/** As it stands in the log: numbered, so that a piece that is gone is missed; with what is known of the call by then. */
export type SentPiece = Piece & {
  readonly at: number;
  readonly facts: Pick<McpFacts, 'server' | 'tool' | 'breach' | 'fault'> | null;
};

/** Replicas that take requests, for as long as they say so. */
export const ALIVE = 'mcp/replicas';
/** Who has a request: whoever writes first. A request is done once, or given up once. */
export const CLAIMS = 'mcp/claims';

export const inboxOf = (replica: string): string => `mcp/inbox/${replica}`;
export const answerOf = (ask: string): string => `mcp/answer/${ask}`;

/** A replica says so often that it lives. */
export const BEAT_MS = 1000;
/** Pieces of one answer, or letters of one inbox, that wait to be read. */
export const MOST_WAITING = 1000;
/** How far a long answer was read: its writer waits for a slow reader in place of losing what it has not read yet. */
export const READ = 'mcp/read';
/** So many pieces of it are written before they are read, and so often its reader says how far it is. */
export const MOST_AHEAD = MOST_WAITING / 2;
export const SAID_EVERY = MOST_AHEAD / 2;
/** Characters that are put into one piece where several wait to be written. */
export const LONGEST_PIECE = 65_536;
/** An answer that nobody reads is gone after so long. */
export const ANSWER_TTL_MS = 60_000;
