import type { AskModel } from '../context/compaction/summarize.ts';
import { GatewayError } from '../errors/gateway-error.ts';
import type { ChatCall } from './chat-call.ts';
import { openaiChat } from './formats/openai-chat/index.ts';
import { gatherAnswer } from './gather-answer.ts';
import type { AskInside } from './inner-call.ts';

/** Milliseconds for an answer that nobody waits for. */
const TIMEOUT_MS = 120_000;

/**
 * How the model context asks a model: on behalf of the call whose turn it looks after, whose client may have gone long
 * since. The consumer's budgets, the model's retries, fallbacks and breaker, the ledger and the record hold for it.
 */
export const askModelOf =
  (call: ChatCall, askInside: AskInside): AskModel =>
  async ({ model, system, text, maxTokens, signal }) => {
    const { parts, facts } = await askInside(call, {
      purpose: 'context',
      format: openaiChat,
      body: {
        model,
        // The older name is refused by models that reason; services that know no other get theirs.
        max_completion_tokens: maxTokens,
        messages: [
          { role: 'system', content: system },
          { role: 'user', content: text },
        ],
      },
      timeout: TIMEOUT_MS,
      outlives: true,
      signal,
    });
    // What was cut, or withheld, is no text that stands for another.
    if (facts.finishReason !== 'stop') throw unfinished(facts.finishReason);
    return (gatherAnswer(parts).choices[0]?.content ?? [])
      .map((content) => (content.type === 'text' ? content.text : ''))
      .join('');
  };

function unfinished(reason: string): GatewayError {
  const cause = new Error(`the model ended with ${reason || 'no finish reason'}`);
  return new GatewayError('provider_invalid_answer', { cause });
}
