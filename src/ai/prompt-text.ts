import { isObject, objectOf, objectsOf, parseObject, textOf } from '../lib/json.ts';
import { addMedia, type MediaTokens } from './media-tokens.ts';

/**
 * The text of a request, for an estimate of its tokens: roles, contents, tool calls and tool definitions; and what its
 * pictures, sound and files come to. It looks at what the formats have in common, and takes any of it for missing that
 * isn't what it should be.
 */
export function promptText(bytes: Buffer): { text: string; messages: number; media: MediaTokens } {
  const media: MediaTokens = { pictures: 0, sound: 0, files: 0 };
  const body = parseObject(bytes.toString('utf8'));
  if (!body) return { text: '', messages: 0, media };
  const said = body.messages ?? body.input ?? body.contents;
  const messages: unknown[] = Array.isArray(said) ? said : said === undefined ? [] : [{ content: said }];
  const texts = messages.map((message) => {
    // Of embeddings.
    if (typeof message === 'string') return message;
    if (!isObject(message)) return '';
    const { role, name, arguments: args, output, parts, tool_calls: calls } = message;
    const content = message.content ?? output ?? parts;
    const said = [role, name, args].filter((text) => typeof text === 'string');
    said.push(...textsOf(content, media));
    if (calls) said.push(json(calls));
    return said.join('\n');
  });
  const system = body.system ?? body.instructions ?? objectOf(body.systemInstruction).parts;
  texts.unshift(...textsOf(system, media));
  if (body.tools) texts.push(json(body.tools));
  return { text: texts.join('\n'), messages: messages.length, media };
}

/**
 * Tokens that a chat's own form costs beside the text: 3 a message and 3 for the answer's start (OpenAI's cookbook),
 * less the line breaks that `promptText` puts behind each role and between messages.
 */
export const formTokens = (messages: number): number => 3 * (messages + 1) - (2 * messages - 1);

/**
 * Of a text, or a list of parts; those that call a tool or bring its result are taken as they are written.
 *
 * @param media what is no text is added to it
 */
function textsOf(content: unknown, media: MediaTokens): string[] {
  if (typeof content === 'string') return [content];
  return objectsOf(content).flatMap((part) => {
    if (typeof part.text === 'string') return [part.text];
    const { type, data } = objectOf(part.source);
    if (type === 'text') return [textOf(data)];
    const { input = part.functionCall ?? part.functionResponse, content: result } = part;
    if (input !== undefined) return [json(input)];
    if (result === undefined) addMedia(media, part);
    return textsOf(result, media);
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
