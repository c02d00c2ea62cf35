import type { Message } from '../contracts/model-request.ts';
import type { SessionRef, Sessions } from '../contracts/session.ts';
import { randomHex } from '../lib/request-id.ts';
import { tokensOf } from './canonical.ts';
import type { OperationLog } from './operation-log.ts';
import type { ContextPrivacy } from './ports.ts';
import type { SessionReader } from './read-sessions.ts';

/** A person's words in the place of what a turn said. */
export interface Correction {
  /** Id of the turn. */
  readonly turn: string;
  readonly text: string;
  readonly author: string;
  readonly reason: string;
}

export interface CorrectingPorts {
  readonly sessions: Sessions;
  readonly privacy: ContextPrivacy;
  readonly reader: SessionReader;
  readonly operations: OperationLog;
  readonly settings: { readonly ttl: number; readonly maxAge: number };
}

/**
 * Appends a correction; the turn that it is about stays as it was.
 * @returns the correction's version; undefined if there is no such session or turn
 */
export async function correct(
  ref: SessionRef,
  { turn, text, author, reason }: Correction,
  { sessions, privacy, reader, operations, settings }: CorrectingPorts,
): Promise<number | undefined> {
  const view = await reader.path(ref);
  const corrected = view?.all.find((each) => each.turn.id === turn);
  if (view?.head.state !== 'active' || !corrected) return undefined;
  const { head } = view;
  const said: Message = { role: 'assistant', at: '', content: [{ type: 'text', at: '', text }] };
  const { messages: was } = corrected.content;
  // All that the client said stays, results of tools as well.
  const asked = was.at(-1)?.role === 'assistant' ? was.slice(0, -1) : was;
  const messages = privacy.redact([...asked, said]);
  const seal = await privacy.of(ref.tenant);
  const committed = await sessions.commit(ref, {
    turn: {
      id: randomHex(12),
      kind: 'correction',
      status: 'complete',
      format: '',
      model: '',
      provider: '',
      upstreamModel: '',
      finishReason: '',
      tokens: tokensOf(messages),
      tokensIn: -1,
      tokensOut: -1,
      digests: [],
      request: '',
      opens: false,
      resolves: '',
      supersedes: turn,
      author,
      reason,
      journey: '',
      content: seal.seal(JSON.stringify({ messages })),
    },
    key: '',
    fence: 0,
    generation: head.generation,
    base: head.version,
    mode: 'merge',
    parent: head.head,
    hash: head.hash,
    count: head.count,
    ttlMs: settings.ttl,
    maxAgeMs: settings.maxAge,
  });
  const { tenant, session } = ref;
  const outcome = committed.kind;
  operations.note({ op: 'correct', tenant, user: head.owner, session, turn, outcome });
  return committed.kind === 'committed' ? committed.version : undefined;
}
