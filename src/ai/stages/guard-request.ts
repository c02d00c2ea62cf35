import type { ChatCall } from '../chat-call.ts';
import { RequestGuard } from '../guards/request-guard.ts';
import { writeHistoryForEach } from '../memory/history-for.ts';

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
  call.guards = policies.openGuards(exchange);
  // It was asked before, and nobody is asked now.
  if (answer) return;
  const guarding = new RequestGuard(call.guards, history !== undefined);
  if (history) await writeHistoryForEach(call, history, () => guarding.guard(call));
  else await guarding.guard(call);
}
