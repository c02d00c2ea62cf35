import type { Message } from '../contracts/model-request.ts';
import type { SessionRef, Sessions, StoredTurn, TurnContent, TurnDraft } from '../contracts/session.ts';
import { GatewayError } from '../errors/gateway-error.ts';
import { randomHex } from '../lib/request-id.ts';
import { lockedAt } from './ask.ts';
import { digestOf, rolling, seedOf, tokensOf } from './canonical.ts';
import type { OperationLog } from './operation-log.ts';
import { arrange, type OpenedTurn, pathTo, resultsIn } from './path.ts';
import type { ContextPrivacy } from './ports.ts';
import type { SessionReader } from './read-sessions.ts';

export interface PuttingPorts {
  readonly sessions: Sessions;
  readonly privacy: ContextPrivacy;
  readonly reader: SessionReader;
  readonly operations: OperationLog;
  readonly settings: { readonly ttl: number; readonly maxAge: number };
}

/**
 * Puts into a conversation what was said elsewhere, as a turn that asked no model.
 * @throws GatewayError `session_unknown`, `tool_results_unmatched`, `conversation_locked`; StoreUnavailable
 */
export async function putItems(
  ref: SessionRef,
  said: readonly Message[],
  { sessions, privacy, reader, operations, settings }: PuttingPorts,
): Promise<OpenedTurn> {
  const seal = await privacy.of(ref.tenant);
  const { head, turns } = await reader.all(ref, seal);
  if (head?.state !== 'active') throw new GatewayError('session_unknown');
  const results = resultsIn(said, arrange(pathTo(head.head, turns)).open);
  if (results.kind === 'unmatched')
    throw new GatewayError('tool_results_unmatched', { detail: `It is about the call ${results.id}.` });
  const seed = seedOf(seal, ref.tenant);
  const last = said.at(-1);
  const content: TurnContent = { messages: privacy.redact(said) };
  const turn: TurnDraft = {
    id: randomHex(12),
    kind: 'items',
    status: 'complete',
    format: 'openai-responses',
    model: '',
    provider: '',
    upstreamModel: '',
    finishReason: '',
    tokens: tokensOf(said),
    tokensIn: -1,
    tokensOut: -1,
    digests: said.map((message) => digestOf(seed, message)),
    request: '',
    opens: last?.role === 'assistant' && last.content.some(({ type }) => type === 'tool-call'),
    resolves: results.kind === 'answered' ? results.turn : '',
    supersedes: '',
    author: '',
    reason: '',
    journey: '',
    content: seal.seal(JSON.stringify(content)),
  };
  const before = head.count === 0 ? seed : head.hash;
  const committed = await sessions.commit(ref, {
    turn,
    key: '',
    fence: 0,
    generation: head.generation,
    base: head.version,
    mode: 'merge',
    parent: head.head,
    hash: before === '' ? '' : rolling(before, said),
    count: head.count + said.length,
    ttlMs: settings.ttl,
    maxAgeMs: settings.maxAge,
  });
  const { tenant, session } = ref;
  operations.note({ op: 'items', tenant, user: head.owner, session, turn: turn.id, outcome: committed.kind });
  if (committed.kind === 'gone') throw new GatewayError('session_unknown');
  if (committed.kind === 'conflict') throw lockedAt(committed.version, 0);
  const { content: _, ...about } = turn;
  const { version, staleBase } = committed;
  const stored: Omit<StoredTurn, 'content'> = {
    ...about,
    version,
    staleBase,
    at: 0,
    parent: head.head,
    hash: '',
  };
  return { turn: stored, content };
}
