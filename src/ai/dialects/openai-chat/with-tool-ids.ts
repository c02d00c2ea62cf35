import { isObject } from '../../../lib/json.ts';
import { toolId } from '../tool-id.ts';

/** Messages of chat completions with ids of calls that a service takes, and their results with the same. */
export function withToolIds(messages: unknown, rule: Parameters<typeof toolId>[1]): unknown {
  if (!Array.isArray(messages)) return messages;
  const ofCall = (call: unknown): unknown =>
    isObject(call) && typeof call.id === 'string' ? { ...call, id: toolId(call.id, rule) } : call;
  return messages.map((message: unknown) => {
    if (!isObject(message)) return message;
    const { tool_calls: calls, tool_call_id: id } = message;
    if (typeof id === 'string') return { ...message, tool_call_id: toolId(id, rule) };
    return Array.isArray(calls) ? { ...message, tool_calls: calls.map(ofCall) } : message;
  });
}
