import type { Message } from '../contracts/model-request.ts';
import type { SessionRef } from '../contracts/session.ts';
import { GatewayError } from '../errors/gateway-error.ts';
import { randomHex } from '../lib/request-id.ts';
import { type AppendingPorts, appendTurn, ownId } from './append-turn.ts';
import { lockedAt } from './ask.ts';
import { digestOf, rolling, seedOf } from './canonical.ts';
import { turnRow, versionIn } from './operation-rows.ts';
import { type Arranged, arrange, type OpenedTurn, pathTo, resultsIn } from './path.ts';
import { messageTokens } from './prompt/tokens.ts';

/**
 * Puts into a conversation what was said elsewhere, as a turn that asked no model. The same once more, after the store did not
 * say whether it has it, is the same turn.
 * @throws GatewayError `session_unknown`, `tool_results_unmatched`, `conversation_locked`; StoreUnavailable
 */
export function putItems(
  ref: SessionRef,
  said: readonly Message[],
  ports: AppendingPorts,
): Promise<OpenedTurn> {
  const put = (id: string): Promise<OpenedTurn> => putAs(id, ref, said, ports);
  return ports.unsure.once(['items', ref.tenant, ref.session, said], () => randomHex(12), put);
}

async function putAs(
  given: string,
  ref: SessionRef,
  said: readonly Message[],
  ports: AppendingPorts,
): Promise<OpenedTurn> {
  const { privacy, reader, operations } = ports;
  const began = operations.now();
  const seal = await privacy.of(ref.tenant);
  const { head, turns } = await reader.all(ref, seal);
  if (head?.state !== 'active') throw new GatewayError('session_unknown');
  const id = ownId(given, turns.get(given));
  const open = (): Arranged['open'] => arrange(pathTo(head.head, turns), turns).open;
  const resolves = turns.get(id)?.turn.resolves ?? resolvedBy(said, open());
  const seed = seedOf(seal, ref.tenant);
  const last = said.at(-1);
  const content = { messages: privacy.redact(said) };
  const before = head.count === 0 ? seed : head.hash;
  const { turn, committed } = await appendTurn(
    ref,
    head,
    {
      id,
      kind: 'items',
      said: content,
      format: 'openai-responses',
      tokens: messageTokens(said),
      digests: said.map((message) => digestOf(seed, message)),
      opens: last?.role === 'assistant' && last.content.some(({ type }) => type === 'tool-call'),
      resolves,
    },
    { hash: before === '' ? '' : rolling(before, said), count: head.count + said.length },
    seal,
    ports,
  );
  operations.note({
    op: 'items',
    ...turnRow(ref, head.owner, turn, versionIn(committed)),
    duration_ms: operations.since(began),
    outcome: committed.kind,
  });
  if (committed.kind === 'gone' || committed.kind === 'lost') throw new GatewayError('session_unknown');
  if (committed.kind === 'conflict') throw lockedAt(committed.version, 0);
  const { content: _, ...about } = turn;
  const { version, staleBase } = committed;
  return { turn: { ...about, version, staleBase, at: 0, parent: head.head, hash: '' }, content };
}

/** Id of the turn whose calls it brings the results of; ''. @throws GatewayError `tool_results_unmatched` */
function resolvedBy(said: readonly Message[], open: Arranged['open']): string {
  const results = matchResults(said, open);
  return results.kind === 'answered' ? results.turn : '';
}

/** @throws GatewayError `tool_results_unmatched` */
export function matchResults(
  said: readonly Message[],
  open: Arranged['open'],
): Exclude<ReturnType<typeof resultsIn>, { kind: 'unmatched' }> {
  const results = resultsIn(said, open);
  if (results.kind === 'unmatched')
    throw new GatewayError('tool_results_unmatched', { detail: `It is about the call ${results.id}.` });
  return results;
}
