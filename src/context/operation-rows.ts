import type { Committed, SessionHead, SessionRef, TurnDraft } from '../contracts/session.ts';
import type { ContextOperation } from './operation-log.ts';

type Row = Omit<ContextOperation, 'op' | 'outcome'>;

/** What a turn's row says of it. */
export type TurnOfRow = Pick<TurnDraft, 'id' | 'kind' | 'status' | 'model' | 'tokens' | 'digests'>;

/**
 * What an operation on a turn says of that.
 * @param user digest of the one whose it is
 * @param version undefined: it has none
 */
export const turnRow = (
  { tenant, session }: SessionRef,
  user: string,
  { id, kind, model, tokens, digests }: TurnOfRow,
  version: number | undefined,
): Row => ({
  tenant,
  user,
  session,
  turn: id,
  version,
  // What was put there says the alias that it goes before.
  model: kind === 'turn' ? model : undefined,
  tokens,
  digest: digests.at(-1),
});

/** The version that a turn has; of one that others were before, its conversation's; undefined: there is none. */
export const versionIn = (became: Committed | { readonly kind: 'behind' | 'erased' }): number | undefined =>
  'version' in became ? became.version : undefined;

/** What an operation on a conversation as a whole says of that. */
export const sessionRow = (
  { tenant, session }: SessionRef,
  { owner, version, tokens, hash }: SessionHead,
): Row => ({ tenant, user: owner, session, version, tokens, digest: hash === '' ? undefined : hash });
