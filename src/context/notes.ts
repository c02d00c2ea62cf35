import type { TextPart } from '../contracts/model-request.ts';
import type { SessionRef } from '../contracts/session.ts';
import type { ContextPrivacy, TenantSeal } from './ports.ts';

/** What a client has noted on a conversation. */
export type Notes = Readonly<Record<string, string>>;

/** Without what may not be stored: like what is said, but for the names, which a client’s program has chosen. */
export function redactNotes(notes: Notes, privacy: Pick<ContextPrivacy, 'redactTexts'>): Notes {
  const texts = Object.values(notes).map((text): TextPart => ({ type: 'text', at: '', text }));
  const left = privacy.redactTexts(texts);
  return Object.fromEntries(Object.keys(notes).map((name, at) => [name, left[at]?.text ?? '']));
}

/** As a store keeps them. @throws StoreUnavailable, SealBroken */
export async function sealNotes(
  { tenant }: SessionRef,
  notes: Notes,
  privacy: ContextPrivacy,
): Promise<string> {
  return (await privacy.of(tenant)).seal(JSON.stringify(notes));
}

/** @param kept as `sealNotes` wrote them; '' = none. @throws SealBroken */
export const notesIn = (kept: string, seal: Pick<TenantSeal, 'open'>): Notes =>
  kept === '' ? {} : (JSON.parse(seal.open(kept)) as Notes);
