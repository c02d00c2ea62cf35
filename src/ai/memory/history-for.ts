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
  if (!history.written.has(reader)) writeAnew(call, history, deployment, reader);
  takeWritten(call, history, reader);
}

/** Makes what was written for this reader the call's body. */
export function takeWritten(call: ChatCall, history: OfCall, reader: string): void {
  Object.assign(call, history.written.get(reader), { body: undefined, neutral: undefined });
  history.writtenFor = reader;
}

/**
 * Writes it for all who may be asked, before any of them is.
 * @returns the readers of bodies that differ: the first is the one who is asked first
 */
export function writeForEach(call: ChatCall, history: OfCall): string[] {
  for (const deployment of call.candidates.flatMap((model) => model.deployments)) {
    try {
      writeHistoryFor(call, deployment);
    } catch (error) {
      // Who can't take it says so when it is asked.
      if (!(error instanceof GatewayError && error.code === 'field_not_supported')) throw error;
    }
  }
  return [...history.written.keys()];
}

function writeAnew(
  call: ChatCall,
  { body, shape, tail, written }: OfCall,
  deployment: Deployment,
  reader: string,
): void {
  const { format } = call;
  const thoughts = thoughtsFor(call, deployment);
  const { providerName: provider } = deployment;
  const made = writeHistory(format.name, body, { shape, tail, provider, thoughts });
  replaceBody(call, made.body);
  written.set(reader, { bytes: call.bytes, request: call.request, kept: made.kept });
}

const thoughtsFor = ({ format }: ChatCall, { provider }: Deployment): Thoughts =>
  provider.native[format.name] === undefined ? 'details' : (provider.thoughts ?? 'none');

/** The same for those who are sent the same. */
const readerOf = (call: ChatCall, { signers }: OfCall, deployment: Deployment): string => {
  const { providerName } = deployment;
  return `${thoughtsFor(call, deployment)} ${signers.has(providerName) ? providerName : ''}`;
};
