import { GatewayError } from '../../errors/gateway-error.ts';
import type { ChatCall } from '../chat-call.ts';
import { askAgain, breachIn } from '../prompts/repair.ts';

type Asking = (call: ChatCall) => Promise<void>;

/**
 * Holds the answer to a prompt's schema: one that breaks it is sent back once, with what is wrong. What breaks it again
 * is no answer.
 *
 * @param ask gets an answer; it may be asked a second time, as nothing has reached the client
 */
export const heldToSchema =
  (ask: Asking) =>
  (call: ChatCall): void | Promise<void> => {
    // One that was kept fitted; one that was recorded was given before.
    if (call.answer) return;
    return call.prompt?.checkOutput ? askForFitting(ask, call) : ask(call);
  };

async function askForFitting(ask: Asking, call: ChatCall): Promise<void> {
  await ask(call);
  const first = breachIn(call);
  if (!first) return;
  askAgain(call, first);
  await ask(call);
  const second = breachIn(call);
  if (second) throw new GatewayError('answer_invalid', { cause: new Error(`again, ${second.breach}`) });
}
