import type { TextPart, ToolCallPart, ToolResultPart, UserPart } from '../../../contracts/model-request.ts';
import type { Spoken } from '../late-system.ts';

/**
 * Messages with the calls of tools and their results told in words: Converse refuses both in a request that brings no tools ("The
 * toolConfig field must be defined").
 */
export function callsAsText(messages: readonly Spoken[]): Spoken[] {
  const names = new Map<string, string>();
  return messages.map((message): Spoken => {
    if (message.role === 'user') return message;
    if (message.role === 'tool') {
      const content = message.content.flatMap((result) => tellResult(result, names.get(result.id)));
      return { role: 'user', at: message.at, content };
    }
    const content = message.content.map((part) => {
      if (part.type !== 'tool-call') return part;
      names.set(part.id, part.name);
      return tellCall(part);
    });
    return { ...message, content };
  });
}

const tellCall = ({ at, name, arguments: args, cache }: ToolCallPart): TextPart => ({
  type: 'text',
  at,
  text: `[Called the tool ${name} with ${args || '{}'}]`,
  cache,
});

/** Its pictures and documents stand behind the words. */
function tellResult(
  { at, content, isError, cache, ...result }: ToolResultPart,
  called = 'of a call',
): UserPart[] {
  const words = content.flatMap((part) => (part.type === 'text' ? [part.text] : [])).join('\n');
  const text = `[The tool ${result.name || called} ${isError ? 'failed' : 'answered'}${words && `: ${words}`}]`;
  return [{ type: 'text', at, text, cache }, ...content.filter((part) => part.type !== 'text')];
}
