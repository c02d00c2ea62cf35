import type { ChatCall, CommittedAnswer } from './chat-call.ts';
import type { Answerer } from './models/deployment.ts';
import { factsOf } from './part-facts.ts';
import { formTokens, promptText } from './prompt-text.ts';
import { tokensByLength } from './tokens/counter.ts';

/** Header of a count that is ours and not the provider's. */
const ESTIMATED = { 'x-gateway-token-count': 'estimated' };

/** What an answer says beside the count, by the operation: of those that are counted here. */
const SAYS: ReadonlyMap<string, object> = new Map([
  ['anthropic-count-tokens', {}],
  ['openai-input-tokens', { object: 'response.input_tokens' }],
]);

export const isCount = (operation: string): boolean => SAYS.has(operation);

/** Counts the tokens of a request whose provider does not count any: with the tokenizer that is nearest to the model's. */
export async function countTokens(
  { bytes, exchange, format, ports }: ChatCall,
  deployment: Answerer,
): Promise<CommittedAnswer> {
  const { text, messages, media } = promptText(bytes);
  const [tokens = 0] = await ports.tokens.count(deployment.model, [text]).catch((error: unknown) => {
    ports.log.error(
      { err: error, request_id: exchange.id },
      'tokens could not be counted: estimated by length',
    );
    return tokensByLength([text]);
  });
  const input = tokens + formTokens(messages) + media.pictures + media.sound + media.files;
  const body = Buffer.from(JSON.stringify({ ...SAYS.get(format.name), input_tokens: input }));
  const headers = { 'content-type': 'application/json', ...ESTIMATED };
  const facts = factsOf([{ type: 'item' }, { type: 'finish', reason: 'stop' }]);
  return { kind: 'whole', parts: [], statusCode: 200, headers, body, facts, deployment };
}
