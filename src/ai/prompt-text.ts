import { isObject, objectsOf } from '../lib/json.ts';

/**
 * The text of a request, for an estimate of its tokens: roles, contents, tool calls and tool definitions. Images and
 * sound are left out; how they count is each provider's own rule. It looks at what the formats have in common, and takes
 * any of it for missing that isn't what it should be.
 *
 * @param bytes a request that was parsed before
 */
export function promptText(bytes: Buffer): { text: string; messages: number } {
  const body: unknown = JSON.parse(bytes.toString('utf8'));
  if (!isObject(body)) return { text: '', messages: 0 };
  const said = body.messages ?? body.input;
  const messages: unknown[] = Array.isArray(said) ? said : said === undefined ? [] : [{ content: said }];
  const texts = messages.map((message) => {
    // Of embeddings.
    if (typeof message === 'string') return message;
    if (!isObject(message)) return '';
    const { role, name, arguments: args, output, tool_calls: calls } = message;
    const content = message.content ?? output;
    const said = [role, name, args].filter((text) => typeof text === 'string');
    said.push(...textsOf(content));
    if (calls) said.push(json(calls));
    return said.join('\n');
  });
  texts.unshift(...textsOf(body.system ?? body.instructions));
  if (body.tools) texts.push(json(body.tools));
  return { text: texts.join('\n'), messages: messages.length };
}

/**
 * Tokens that a chat's own form costs beside the text: 3 a message and 3 for the answer's start (OpenAI's cookbook),
 * less the line breaks that `promptText` puts behind each role and between messages.
 */
export const formTokens = (messages: number): number => 3 * (messages + 1) - (2 * messages - 1);

/** Of a text, or a list of parts; those that call a tool or bring its result are taken as they are written. */
function textsOf(content: unknown): string[] {
  if (typeof content === 'string') return [content];
  return objectsOf(content).flatMap((part) => {
    if (typeof part.text === 'string') return [part.text];
    const { input, content: result } = part;
    return input === undefined ? textsOf(result) : [json(input)];
  });
}

function json(value: unknown): string {
  try {
    return JSON.stringify(value) ?? '';
  } catch {
    // V8 parses any depth and writes only some thousand levels; what is nested so has no text worth counting.
    return '';
  }
}
