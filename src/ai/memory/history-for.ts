import { GatewayError } from '../../errors/gateway-error.ts';
import type { ChatCall } from '../chat-call.ts';
import type { Deployment } from '../models/deployment.ts';
import { replaceBody } from '../replace-body.ts';
import type { CallHistory } from './call-history.ts';
import { writeHistory } from './write-history.ts';

/**
 * Puts the history into the call's body as this deployment's provider takes it: with what that one has signed itself.
 * @throws GatewayError `field_not_supported` for a part of it that this one can't take
 */
export function writeHistoryFor(call: ChatCall, { providerName, provider }: Deployment): void {
  const { history, format } = call;
  if (!history || history.writtenFor === providerName) return;
  const written = history.written.get(providerName);
  if (written) Object.assign(call, written, { body: undefined, neutral: undefined });
  else {
    const { shape, tail } = history;
    const isTranslated = provider.native[format.name] === undefined;
    const thoughts = isTranslated ? 'details' : (provider.thoughts ?? 'none');
    replaceBody(
      call,
      writeHistory(format.name, history.body, { shape, tail, provider: providerName, thoughts }),
    );
  }
  history.writtenFor = providerName;
}

/**
 * Writes it for all who may be asked, and has each body changed, before any of them is. The one that is asked first comes first,
 * and is the call's again in the end.
 */
export async function writeHistoryForEach(
  call: ChatCall,
  history: CallHistory,
  change: () => Promise<void>,
): Promise<void> {
  const deployments = call.candidates.flatMap((model) => model.deployments);
  for (const deployment of deployments) {
    const { providerName } = deployment;
    if (history.written.has(providerName) || !isWritten(call, deployment)) continue;
    await change();
    const { bytes, request } = call;
    history.written.set(providerName, { bytes, request });
  }
  const first = deployments.find(({ providerName }) => history.written.has(providerName));
  if (first) writeHistoryFor(call, first);
}

/** Who can't take it says so when it is asked. */
function isWritten(call: ChatCall, deployment: Deployment): boolean {
  try {
    writeHistoryFor(call, deployment);
    return true;
  } catch (error) {
    if (error instanceof GatewayError && error.code === 'field_not_supported') return false;
    throw error;
  }
}
