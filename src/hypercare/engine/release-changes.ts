import type { GatewayConfig } from '../../config/schema/index.ts';
import type { StateChange } from '../../contracts/state-change.ts';

type Told = { readonly hypercare: Pick<GatewayConfig['hypercare'], 'window'> };

/**
 * The release that one config revision tells after another (`hypercare.window.release`): the services behind the gateway
 * are others from here on. None where it names the same one, or none at all.
 */
export function releaseChanges(
  before: Told,
  after: Told,
): Pick<StateChange, 'subject' | 'from' | 'to' | 'reason'>[] {
  const { window } = after.hypercare;
  const from = before.hypercare.window?.release ?? '';
  if (!window?.release || window.release === from) return [];
  return [{ subject: window.name, from, to: window.release, reason: 'told by hypercare.window.release' }];
}
