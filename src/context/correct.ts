import type { Message } from '../contracts/model-request.ts';
import type { SessionRef } from '../contracts/session.ts';
import { randomHex } from '../lib/request-id.ts';
import { type AppendingPorts, appendTurn, ownId } from './append-turn.ts';
import { lockedAt } from './ask.ts';
import { digestOf, seedOf } from './canonical.ts';
import { askedIn } from './corrections.ts';
import { turnRow, versionIn } from './operation-rows.ts';

/** A person's words in the place of what a turn said. */
export interface Correction {
  /** Id of the turn. */
  readonly turn: string;
  readonly text: string;
  readonly author: string;
  readonly reason: string;
}

/**
 * Appends a correction; the turn that it is about stays as it was. The same once more, after the store did not say whether it has
 * it, is the same one.
 * @returns the correction's version; undefined if there is no such session or turn
 * @throws GatewayError `conversation_locked` while it is being answered alone; StoreUnavailable
 */
export function correct(
  ref: SessionRef,
  correction: Correction,
  ports: AppendingPorts,
): Promise<number | undefined> {
  const put = (id: string): Promise<number | undefined> => correctAs(id, ref, correction, ports);
  const { turn, text, author, reason } = correction;
  const what = ['correction', ref.tenant, ref.session, turn, text, author, reason];
  return ports.unsure.once(what, () => randomHex(12), put);
}

async function correctAs(
  given: string,
  ref: SessionRef,
  { turn: supersedes, text, author, reason }: Correction,
  ports: AppendingPorts,
): Promise<number | undefined> {
  const { privacy, reader, operations } = ports;
  const began = operations.now();
  const view = await reader.path(ref);
  const corrected = view?.all.find((each) => each.turn.id === supersedes);
  if (view?.head.state !== 'active' || !corrected) return undefined;
  const { head } = view;
  const id = ownId(
    given,
    view.all.find((each) => each.turn.id === given),
  );
  const said: Message = { role: 'assistant', at: '', content: [{ type: 'text', at: '', text }] };
  // All that the client said stays, results of tools as well.
  const messages = privacy.redact([...askedIn(corrected.content.messages), said]);
  // It may say what the correction is to put right.
  const why = privacy
    .redactTexts([{ type: 'text', at: '', text: reason }])
    .map(({ text: words }) => words)
    .join('');
  const seal = await privacy.of(ref.tenant);
  const { turn, committed } = await appendTurn(
    ref,
    head,
    { id, kind: 'correction', said: { messages, reason: why }, supersedes, author },
    head,
    seal,
    ports,
  );
  operations.note({
    op: 'correct',
    ...turnRow(ref, head.owner, turn, versionIn(committed)),
    supersedes,
    // In the turn it has none: its words are not its client's.
    digest: digestOf(seedOf(seal, ref.tenant), said),
    duration_ms: operations.since(began),
    outcome: committed.kind,
  });
  if (committed.kind === 'conflict') throw lockedAt(committed.version, 0);
  return committed.kind === 'committed' ? committed.version : undefined;
}
