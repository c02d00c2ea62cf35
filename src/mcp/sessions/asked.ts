import type { RequestId } from '@modelcontextprotocol/server';
import type { Documents } from '../../contracts/store.ts';
import { canonicalDigest } from '../pins/canonical.ts';
import type { Session } from './session-store.ts';

/** What a request was: its method, and the name of what it was about. */
export interface Asked {
  readonly method: string;
  readonly subject: string;
}

/** Of an answer whose request is not known: it is looked at by what it holds. */
export const UNKNOWN: Asked = { method: '', subject: '' };

const ASKED = 'mcp/asked';
const idOf = ({ digest }: Session, request: unknown): string => canonicalDigest([digest, request]);

/**
 * Keeps what a request was whose stream broke off before its answer: the answer comes on another request then (GET with
 * Last-Event-ID), at this replica or another. @throws StoreUnavailable
 */
export async function keepAsked(
  documents: Documents,
  session: Session,
  request: RequestId,
  asked: Asked,
  ttlMs: number,
): Promise<void> {
  await documents.put(ASKED, idOf(session, request), asked, { ttlMs });
}

/** What the request of an answer was, if its stream broke off. @throws StoreUnavailable */
export async function findAsked(documents: Documents, session: Session, request: unknown): Promise<Asked> {
  return (await documents.get<Asked>(ASKED, idOf(session, request)))?.value ?? UNKNOWN;
}
