import type { Usage } from '../../contracts/usage.ts';
import type { ChatCall } from '../chat-call.ts';
import type { DearKinds } from '../cost-at-most.ts';
import { ANSWER_TOKENS } from '../dialects/anthropic-thinking.ts';
import { askedCache } from './asked-cache.ts';
import { withTools } from './asked-tools.ts';
import { chatAtMost, listAtMost, withPictures } from './estimate.ts';

/** What one answer to a call may come to: before it is asked, and where it went by unread. */
export function onceAtMost(call: ChatCall): Usage {
  const { budgets, request } = call;
  const usage = request?.usage?.atMost() ?? textsAtMost(call, budgets.output);
  return withTools(usage, request?.toolUses, budgets.searches);
}

/** What of it may be dearer than the rest. */
export const dearKinds = ({ bytes, budgets, request }: ChatCall): DearKinds => ({
  cacheWrite: askedCache(bytes),
  pictures: request?.mayPaint ?? false,
  sound: request?.maySpeak ?? false,
  searches: budgets.searches,
});

/** A chat, or what vectors are made of: they are no output that anybody counts. */
function textsAtMost(call: ChatCall, output: number): Usage {
  const { bytes, format, request, candidates } = call;
  if (format.kind === 'embeddings') return withPictures(listAtMost(bytes, request?.inTokens), bytes);
  const asked = candidates.flatMap(({ deployments }) => deployments);
  const window = Math.max(0, ...asked.map((each) => each.window));
  const models = asked.map(({ model }) => model);
  return chatAtMost(bytes, outputAtMost(call, output), window, models);
}

function outputAtMost({ request, candidates }: ChatCall, otherwise: number): number {
  if (!request) return 0;
  const { maxOutput, thinking, answers } = request;
  if (maxOutput > 0) return maxOutput;
  // What a vendor that wants a limit is told where the client names none.
  const told = candidates.flatMap(({ deployments }) =>
    deployments.map((each) => each.maxOutput ?? each.provider.translated.defaultOutput ?? 0),
  );
  const least = thinking > 0 ? ANSWER_TOKENS : 0;
  return answers * (Math.max(otherwise, least, ...told) + thinking);
}
