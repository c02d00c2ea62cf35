import type { JsonObject } from '../../contracts/model-request.ts';
import type { ChatCall } from '../chat-call.ts';
import { guardBodies } from '../guards/request-guard.ts';
import { takeWritten, writeForEach } from '../memory/history-for.ts';
import { replaceBody } from '../replace-body.ts';

/**
 * Shows the request to the guards: what a conversation puts before it as well, and in one go, so that a name that stands for
 * somebody stands for the same one in all of it. The conversation keeps what its client said.
 */
export function guardRequest(call: ChatCall): void | Promise<void> {
  const { policies, format } = call;
  // A form holds sound, and no JSON.
  if (policies.areGuards && !(format.kind === 'operation' && format.media === 'form')) return guard(call);
}

async function guard(call: ChatCall): Promise<void> {
  const { policies, exchange, history, answer } = call;
  const guards = policies.openGuards(exchange);
  call.guards = guards;
  // It was asked before, and nobody is asked now.
  if (answer) return;
  if (!history) {
    const [body] = await guardBodies(guards, call, [call]);
    replaceBody(call, body as JsonObject);
    return;
  }
  const readers = writeForEach(call, history);
  const bodies = await guardBodies(guards, call, [...history.written.values()]);
  for (const [at, reader] of readers.entries()) {
    replaceBody(call, bodies[at] as JsonObject);
    history.written.set(reader, { bytes: call.bytes, request: call.request, kept: undefined });
  }
  takeWritten(call, history, readers[0] as string);
}
