import type { Thoughts } from '../../contracts/openai-service.ts';
import { GatewayError } from '../../errors/gateway-error.ts';
import type { ChatCall } from '../chat-call.ts';
import type { Deployment } from '../models/deployment.ts';
import { replaceBody } from '../replace-body.ts';
import { writeHistory } from './write-history.ts';

type OfCall = NonNullable<ChatCall['history']>;

/**
 * Puts the history into the call's body as this deployment's provider takes it: with what that one has signed itself.
 * @throws GatewayError `field_not_supported` for a part of it that this one can't take
 */
export function writeHistoryFor(call: ChatCall, deployment: Deployment): void {
  const { history } = call;
  if (!history) return;
  const reader = readerOf(call, history, deployment);
  if (history.writtenFor === reader) return;
  const written = history.written.get(reader);
  if (written) Object.assign(call, written, { body: undefined, neutral: undefined });
  else writeAnew(call, history, deployment);
  history.writtenFor = reader;
}

function writeAnew(call: ChatCall, { body, shape, tail }: OfCall, deployment: Deployment): void {
  const { format } = call;
  const thoughts = thoughtsFor(call, deployment);
  const written = writeHistory(format.name, body, {
    shape,
    tail,
    provider: deployment.providerName,
    thoughts,
  });
  replaceBody(call, written.body);
  call.ownEntries = written.ownEntries;
}

const thoughtsFor = ({ format }: ChatCall, { provider }: Deployment): Thoughts =>
  provider.native[format.name] === undefined ? 'details' : (provider.thoughts ?? 'none');

/** The same for those who are sent the same. */
const readerOf = (call: ChatCall, { signers }: OfCall, deployment: Deployment): string => {
  const { providerName } = deployment;
  return `${thoughtsFor(call, deployment)} ${signers.has(providerName) ? providerName : ''}`;
};

/**
 * Writes it for all who may be asked, and has each body changed, before any of them is. The one that is asked first comes first,
 * and is the call's again in the end.
 */
export async function writeHistoryForEach(
  call: ChatCall,
  history: OfCall,
  change: () => Promise<void>,
): Promise<void> {
  const deployments = call.candidates.flatMap((model) => model.deployments);
  for (const deployment of deployments) {
    if (history.written.has(readerOf(call, history, deployment)) || !isWritten(call, deployment)) continue;
    await change();
    const { bytes, request } = call;
    history.written.set(history.writtenFor, { bytes, request });
  }
  const first = deployments.find((each) => history.written.has(readerOf(call, history, each)));
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
