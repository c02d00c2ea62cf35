import type { StreamPart } from '../contracts/stream-part.ts';
import { parseObject } from '../lib/json.ts';
import type { ChatCall, ChatRequest, CommittedAnswer } from './chat-call.ts';
import type { Model } from './models/catalog.ts';
import { ownAnswer } from './own-answer.ts';
import { breachOf } from './prompts/repair.ts';
import { lastWords } from './request-facts.ts';

/** Characters of what the user said that rules look at: the time that they take grows with it. */
const MOST_TEXT = 16 * 1024;

/**
 * The reply of a model that is rules, as an answer of any other model would come: whole or streamed, in the client's own
 * format. It costs nothing.
 *
 * @returns undefined if no rule has a reply, or one that breaks its prompt's schema, or no text was asked for (embeddings)
 */
export function answerByRules(call: ChatCall, { name, rules }: Model): CommittedAnswer | undefined {
  const { format } = call;
  const body = parseObject(call.bytes.toString('utf8'));
  const text = body && rules?.replyTo(lastWords(body.messages ?? body.input, MOST_TEXT));
  if (format.kind !== 'chat' || text === undefined) return undefined;
  const check = call.prompt?.checkOutput;
  if (check && breachOf(text, check) !== undefined) return undefined;
  const parts: StreamPart[] = [
    { type: 'start', id: '', model: (call.request as ChatRequest).model },
    { type: 'text', text },
    { type: 'usage', usage: { input: 0, output: 0, cached: 0 } },
    { type: 'finish', reason: 'stop' },
    { type: 'end' },
  ];
  const target = `rules/${name}`;
  return {
    ...ownAnswer(call, parts),
    byRules: true,
    deployment: {
      providerName: 'rules',
      model: name,
      version: '',
      name: target,
      headerName: encodeURI(target),
      price: () => 0,
    },
  };
}
