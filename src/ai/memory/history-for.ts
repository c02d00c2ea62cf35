import type { ChatCall } from '../chat-call.ts';
import type { Deployment } from '../models/deployment.ts';
import { replaceBody } from '../replace-body.ts';
import { writeHistory } from './write-history.ts';

/** Writes the history into the call's body as this deployment's provider takes it: with what that one has signed itself. */
export function writeHistoryFor(call: ChatCall, { providerName, provider }: Deployment): void {
  const { history, format } = call;
  if (!history || history.writtenFor === providerName) return;
  const { shape, tail } = history;
  const isTranslated = provider.native[format.name] === undefined;
  const thoughts = isTranslated ? 'details' : (provider.thoughts ?? 'none');
  replaceBody(
    call,
    writeHistory(format.name, history.body, { shape, tail, provider: providerName, thoughts }),
  );
  history.writtenFor = providerName;
}
