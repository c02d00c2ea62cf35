import type { FastifyRequest } from 'fastify';
import type { OpenedTurn } from '../../context/path.ts';
import type { OpenedSession } from '../../context/read-sessions.ts';
import { contentOf } from '../../context/summary-content.ts';
import type { SessionHead, SessionRef } from '../../contracts/session.ts';
import type { Audit } from '../audit.ts';
import { recordReading } from '../record-reading.ts';

/** What is known of a session without what was said; the user by digest. */
export const shown = ({
  generation: _,
  hash: __,
  head: ___,
  metadata: ____,
  owner,
  ...head
}: SessionHead) => ({ ...head, user: owner });

/** The same, with whose it is and the summary in force; what these say, and the client's notes, for who may read it. */
export function shownWhole(
  ref: SessionRef,
  { head, notes, summary }: Pick<OpenedSession, 'head' | 'notes' | 'summary'>,
  mayRead: boolean,
) {
  const text = summary && mayRead ? { text: contentOf(summary).text } : {};
  return {
    id: ref.session,
    consumer: ref.tenant,
    ...shown(head),
    ...(mayRead && { metadata: notes }),
    summary: summary
      ? { epoch: summary.epoch, covered: summary.covered, tokens: summary.tokens, ...text }
      : null,
  };
}

/** Where the page after these turns begins, by their versions; nothing where none follow. */
export function nextAfter(turns: readonly OpenedTurn[], { version }: SessionHead): { next?: number } {
  const last = turns.at(-1)?.turn.version ?? version;
  return last < version ? { next: last } : {};
}

/** That a conversation was read, with what was said. */
export const noteReading = (
  audit: Audit,
  request: FastifyRequest,
  action: string,
  { tenant, session }: SessionRef,
): Promise<void> =>
  recordReading(audit, request, action, {
    path: `/api/sessions/${encodeURIComponent(session)}`,
    details: { consumer: tenant, session },
  });
