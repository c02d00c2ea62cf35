import type {
  AssistantPart,
  ImagePart,
  MediaSource,
  Message,
  TextPart,
  ToolResultPart,
  UserPart,
} from '../../../contracts/model-request.ts';
import { GatewayError } from '../../../errors/gateway-error.ts';
import { parseDataUrl } from '../../../lib/data-url.ts';
import { imageType } from '../../../lib/image-type.ts';
import { readSeal } from '../../seal.ts';
import type { Fields } from '../fields.ts';
import { cacheOf } from '../openai-cache-mark.ts';

/** The items of an input as messages: what the assistant said, thought and called in a row is one message. */
export class ItemReader {
  readonly system: TextPart[] = [];
  readonly messages: Message[] = [];
  readonly #tools = new Map<string, string>();

  read(item: Fields): void {
    const type = item.text('type') ?? 'message';
    // One that is meant by its id alone is its maker's to find.
    if (type === 'image_generation_call' && item.has('status')) {
      const pictures = picturesOf(item);
      if (pictures.length > 0) this.#addAssistant(...pictures);
      return;
    }
    // Of an answer that comes back.
    for (const key of ['id', 'status', 'phase']) item.raw(key);
    if (type === 'message') this.#readMessage(item);
    else if (type === 'function_call') this.#addAssistant(this.#callOf(item));
    else if (type === 'function_call_output') this.#addResult(this.#resultOf(item));
    else if (type === 'reasoning') this.#addAssistant(...reasoningOf(item));
    else {
      item.giveUp();
      return;
    }
    item.leave();
  }

  #readMessage(item: Fields): void {
    const { at } = item;
    const role = item.needed('role');
    if (role === 'system' || role === 'developer') {
      const content = partsOf(item, 'content', (part, type) =>
        type === 'input_text' ? textPart(part) : undefined,
      );
      if (this.messages.length === 0) this.system.push(...content);
      else this.messages.push({ role: 'system', at, content });
    } else if (role === 'user') {
      this.messages.push({ role, at, content: partsOf(item, 'content', mediaPart) });
    } else if (role === 'assistant') {
      this.#addAssistant(...partsOf<AssistantPart>(item, 'content', assistantPart));
    } else {
      throw new GatewayError('body_invalid', { param: `${at}.role`, detail: `There is no role ${role}.` });
    }
  }

  #callOf(item: Fields): AssistantPart {
    const [id, name] = [item.needed('call_id'), item.needed('name')];
    this.#tools.set(id, name);
    return { type: 'tool-call', at: item.at, id, name, arguments: item.text('arguments') ?? '{}' };
  }

  #resultOf(item: Fields): ToolResultPart {
    const id = item.needed('call_id');
    const content = partsOf(item, 'output', mediaPart);
    return { type: 'tool-result', at: item.at, id, name: this.#tools.get(id) ?? '', content };
  }

  #addAssistant(...parts: AssistantPart[]): void {
    const last = this.messages.at(-1);
    const at = parts[0]?.at ?? '';
    if (last?.role !== 'assistant') this.messages.push({ role: 'assistant', at, content: parts });
    else this.messages[this.messages.length - 1] = { ...last, content: [...last.content, ...parts] };
  }

  #addResult(result: ToolResultPart): void {
    const last = this.messages.at(-1);
    if (last?.role !== 'tool') this.messages.push({ role: 'tool', at: result.at, content: [result] });
    else this.messages[this.messages.length - 1] = { ...last, content: [...last.content, result] };
  }
}

/** A text, or a list of parts; those that are not known are given up as a whole. */
function partsOf<P>(
  item: Fields,
  key: string,
  read: (part: Fields, type: string) => P | undefined,
): (P | TextPart)[] {
  const content = item.raw(key);
  if (content === undefined) return [];
  if (typeof content === 'string') return [{ type: 'text', at: item.place(key), text: content }];
  return item.each(key).flatMap((part) => {
    const known = read(part, part.needed('type'));
    if (known === undefined) part.giveUp();
    else part.leave();
    return known === undefined ? [] : [known];
  });
}

const textPart = (part: Fields): TextPart => ({
  type: 'text',
  at: part.at,
  text: part.needed('text'),
  ...cacheOf(part),
});

function mediaPart(part: Fields, type: string): Exclude<UserPart, { type: 'audio' }> | undefined {
  const { at } = part;
  if (type === 'input_text') return textPart(part);
  if (type === 'input_image') {
    const source = sourceOf(part.text('file_id'), part.text('image_url'));
    return source && { type: 'image', at, source, detail: part.text('detail'), ...cacheOf(part) };
  }
  if (type !== 'input_file') return undefined;
  const source = sourceOf(part.text('file_id'), part.text('file_data') ?? part.text('file_url'));
  part.raw('file_url');
  return source && { type: 'file', at, source, name: part.text('filename'), ...cacheOf(part) };
}

function sourceOf(id: string | undefined, url: string | undefined): MediaSource | undefined {
  if (id !== undefined) return { type: 'file', id };
  if (url === undefined) return undefined;
  const inline = parseDataUrl(url);
  return inline ? { type: 'base64', ...inline } : { type: 'url', url };
}

function assistantPart(part: Fields, type: string): AssistantPart | undefined {
  if (type === 'refusal') return { type, at: part.at, text: part.needed('refusal') };
  if (type !== 'output_text' && type !== 'input_text') return undefined;
  // Of an answer that comes back.
  for (const key of ['annotations', 'logprobs']) part.raw(key);
  return textPart(part);
}

/** A picture that a model made. This format has no word for its type. */
function picturesOf(item: Fields): ImagePart[] {
  const data = item.raw('result');
  if (typeof data !== 'string' || data === '') return [];
  return [{ type: 'image', at: item.at, source: { type: 'base64', mediaType: imageType(data), data } }];
}

/** What the writer of this format made of it: a signature beside its text, or reasoning that can't be read. */
function reasoningOf(item: Fields): AssistantPart[] {
  const { at } = item;
  const encrypted = item.text('encrypted_content');
  const text = [...item.each('summary'), ...item.each('content')]
    .map((part) => {
      part.raw('type');
      return part.text('text') ?? '';
    })
    .join('\n');
  const seal = readSeal(encrypted, 'openai', text === '' ? 'opaque' : 'signature');
  return text === '' && seal.maker === undefined ? [] : [{ type: 'reasoning', at, text, ...seal }];
}
