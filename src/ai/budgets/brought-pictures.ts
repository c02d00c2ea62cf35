import { parseDataUrl } from '../../lib/data-url.ts';
import { isPicture } from '../../lib/image-type.ts';
import { isObject, objectOf, objectsOf, parseObject, textOf } from '../../lib/json.ts';

type Part = Readonly<Record<string, unknown>>;

/**
 * The pictures that a chat brings along in base64, and their bytes. Only what stands where a format has its pictures is one, and begins
 * as one: of the same letters in a text, or in what a tool is called with, a model reads each.
 * @param body JSON
 */
export function broughtPictures(body: Buffer): { count: number; bytes: number } {
  const found = { count: 0, bytes: 0 };
  const chat = parseObject(body.toString('utf8'));
  if (!chat) return found;
  const { system, systemInstruction, system_instruction: instruction } = chat;
  const open: Part[] = [
    ...objectsOf(chat.messages ?? chat.input ?? chat.contents).flatMap(partsOf),
    ...objectsOf(system),
    ...objectsOf(objectOf(systemInstruction ?? instruction).parts),
  ];
  for (let part = open.pop(); part; part = open.pop()) {
    const data = dataOf(part);
    if (isPicture(data)) {
      found.count++;
      found.bytes += data.length;
    }
    // Results of tools, and documents that are made of parts.
    open.push(
      ...partsOf(part),
      ...objectsOf(objectOf(part.toolResult).content),
      ...objectsOf(objectOf(part.functionResponse).parts),
      ...objectsOf(objectOf(part.source).content),
    );
  }
  return found;
}

/** Of a message, an item or a part: a computer's screen is one alone. */
const partsOf = ({ content, parts, output }: Part): Part[] =>
  [content, parts, output].flatMap((held) => (isObject(held) ? [held] : objectsOf(held)));

/** In base64; '' = it is no picture, or lies elsewhere. */
function dataOf(part: Part): string {
  const { type, image_url: url, source, image } = part;
  if (type === 'image_url' || type === 'input_image' || type === 'computer_screenshot')
    return parseDataUrl(textOf(url) || textOf(objectOf(url).url))?.data ?? '';
  if (type === 'image') return textOf(objectOf(source).data);
  // Bedrock's part has no type.
  if (isObject(image)) return textOf(objectOf(image.source).bytes);
  const inline = objectOf(part.inlineData ?? part.inline_data);
  return textOf(inline.mimeType ?? inline.mime_type).startsWith('image/') ? textOf(inline.data) : '';
}
