import type { SessionListed, Sessions } from '../contracts/session.ts';
import { ownersOf } from './owner.ts';
import type { TenantSeal } from './ports.ts';

/**
 * A page of an end user's sessions, by every digest that the user may stand by; those of one digest newest first.
 * @param options `after`: what the page before gave as `next`, opaque
 */
export async function sessionsOfUser(
  sessions: Sessions,
  { tenant, user, seal }: { readonly tenant: string; readonly user: string; readonly seal: TenantSeal },
  { after = '0 ', limit }: { readonly after?: string | undefined; readonly limit: number },
): Promise<{ sessions: readonly SessionListed[]; next: string | undefined }> {
  const owners = ownersOf(seal, tenant, user);
  // Which of the owners' lists it stands in, and where.
  const [, list = '0', from = ''] = /^(\d) (.*)$/s.exec(after) ?? [];
  const at = Number(list);
  const owner = owners[at];
  if (owner === undefined) return { sessions: [], next: undefined };
  const page = await sessions.list(tenant, { owner, ...(from !== '' && { after: from }), limit });
  const following = at + 1 < owners.length ? `${at + 1} ` : undefined;
  return { sessions: page.sessions, next: page.next === undefined ? following : `${at} ${page.next}` };
}
