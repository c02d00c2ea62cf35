import type { StoredTurn, TurnDraft } from '../contracts/session.ts';

/**
 * What a turn says of itself, as a store keeps it: one line of JSON without the content, of which the reason of a correction is a
 * part that versions before wrote here.
 */
export function metaText(turn: TurnDraft & { readonly reason?: string }): string {
  const { content: _, id: __, reason: ___, ...meta } = turn;
  return JSON.stringify(meta);
}

/** What the store knows of a turn beyond what the turn says. */
export type Known = Pick<StoredTurn, 'version' | 'at' | 'staleBase' | 'id' | 'parent' | 'hash'>;

/** A turn from what the store knows, from `metaText` (of a turn that was stored before, too), and its content. */
export function turnOf(known: Known, meta: string, content: string): StoredTurn {
  return { ...(JSON.parse(meta) as Omit<TurnDraft, 'id' | 'content'>), ...known, content };
}
