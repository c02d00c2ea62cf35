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
import { type DataUrl, parseDataUrl } from '../../../lib/data-url.ts';
import { objectOf, objectsOf, textOf } from '../../../lib/json.ts';
import { makerOfDetail } from '../../reasoning-detail.ts';
import type { Fields } from '../fields.ts';
import { cacheOf } from '../openai-cache-mark.ts';

/** The messages of a chat: those of the system before the first turn apart from the rest. */
export function readMessages(list: readonly Fields[]): { system: TextPart[]; messages: Message[] } {
  const system: TextPart[] = [];
  const messages: Message[] = [];
  for (const fields of list) {
    const { at } = fields;
    const role = fields.needed('role');
    if (role === 'system' || role === 'developer') {
      const content = textsOf(fields);
      if (messages.length === 0) system.push(...content);
      else messages.push({ role: 'system', at, content });
    } else if (role === 'user') {
      messages.push({ role, at, name: fields.text('name'), content: userParts(fields) });
    } else if (role === 'assistant') {
      messages.push({ role, at, name: fields.text('name'), content: assistantParts(fields) });
    } else if (role === 'tool') {
      addResult(messages, resultOf(fields, fields.text('name')));
    } else {
      throw new GatewayError('body_invalid', { param: `${at}.role`, detail: `There is no role ${role}.` });
    }
    fields.leave();
  }
  return { system, messages };
}

/** Results of one turn stand together. */
function addResult(messages: Message[], result: ToolResultPart): void {
  const last = messages.at(-1);
  if (last?.role !== 'tool') messages.push({ role: 'tool', at: result.at, content: [result] });
  else messages[messages.length - 1] = { ...last, content: [...last.content, result] };
}

function resultOf(fields: Fields, name = ''): ToolResultPart {
  const id = fields.needed('tool_call_id');
  return { type: 'tool-result', at: fields.at, id, name, content: textsOf(fields) };
}

/** A content that may be a string or a list of parts. */
function contentOf<P>(fields: Fields, text: (text: string) => P, part: (part: Fields) => P[]): P[] {
  const content = fields.raw('content');
  if (content === undefined) return [];
  return typeof content === 'string' ? [text(content)] : fields.each('content').flatMap(part);
}

const asText =
  (fields: Fields) =>
  (text: string): TextPart => ({
    type: 'text',
    at: fields.place('content'),
    text,
  });

function textPart(part: Fields): TextPart {
  const read: TextPart = { type: 'text', at: part.at, text: part.needed('text'), ...cacheOf(part) };
  part.leave();
  return read;
}

const textsOf = (fields: Fields): TextPart[] =>
  contentOf(fields, asText(fields), (part) => {
    if (part.text('type') === 'text') return [textPart(part)];
    part.giveUp();
    return [];
  });

function userParts(fields: Fields): UserPart[] {
  return contentOf<UserPart>(fields, asText(fields), (part) => {
    const read = userPart(part, part.text('type'));
    if (!read) part.giveUp();
    else part.leave();
    return read ? [read] : [];
  });
}

function userPart(part: Fields, type: string | undefined): UserPart | undefined {
  const { at } = part;
  if (type === 'text') return textPart(part);
  if (type === 'image_url') {
    const image = part.inner('image_url');
    const url = image?.needed('url');
    if (!image || url === undefined) return undefined;
    const read = { type: 'image', at, source: sourceOf(url), detail: image.text('detail') } as const;
    image.leave();
    return { ...read, ...cacheOf(part) };
  }
  if (type === 'file') {
    const file = part.inner('file');
    if (!file) return undefined;
    const [data, id, name] = [file.text('file_data'), file.text('file_id'), file.text('filename')];
    file.leave();
    const source = id !== undefined ? ({ type: 'file', id } as const) : data && sourceOf(data);
    return source ? { type: 'file', at, source, name, ...cacheOf(part) } : undefined;
  }
  if (type === 'input_audio') {
    const audio = part.inner('input_audio');
    if (!audio) return undefined;
    const read = { type: 'audio', at, data: audio.needed('data'), format: audio.needed('format') } as const;
    audio.leave();
    return { ...read, ...cacheOf(part) };
  }
  return undefined;
}

function sourceOf(url: string): MediaSource {
  const inline: DataUrl | undefined = parseDataUrl(url);
  return inline ? { type: 'base64', ...inline } : { type: 'url', url };
}

function assistantParts(fields: Fields): AssistantPart[] {
  const { at } = fields;
  const parts: AssistantPart[] = reasoningOf(fields);
  parts.push(
    ...contentOf<AssistantPart>(fields, asText(fields), (part) => {
      const type = part.text('type');
      if (type === 'text') return [textPart(part)];
      if (type === 'refusal') return [{ type, at: part.at, text: part.needed('refusal') }];
      part.giveUp();
      return [];
    }),
  );
  const spoken = fields.inner('audio');
  if (spoken) parts.push(...transcriptOf(spoken));
  const refusal = fields.text('refusal');
  if (refusal) parts.push({ type: 'refusal', at: `${at}.refusal`, text: refusal });
  parts.push(...picturesOf(fields));
  for (const call of fields.each('tool_calls')) {
    const spec = call.inner('function');
    if (!spec) {
      call.giveUp();
      continue;
    }
    const [id, name, args] = [call.needed('id'), spec.needed('name'), spec.text('arguments') ?? '{}'];
    const extra = call.inner('extra_content');
    const google = extra?.inner('google');
    const signature = google?.text('thought_signature');
    if (signature)
      parts.push({ type: 'reasoning', at: call.at, text: '', opaque: signature, maker: 'google' });
    parts.push({ type: 'tool-call', at: call.at, id, name, arguments: args });
    for (const inner of [google, extra]) inner?.leave();
    call.raw('type');
    // Stands in what was streamed, and comes back with it.
    call.raw('index');
    spec.leave();
    call.leave();
  }
  // What an answer carries beside, and what comes back with it.
  fields.raw('annotations');
  return parts;
}

/** Pictures that a model made, as `write-answer.ts` and OpenRouter write them. */
const picturesOf = (fields: Fields): ImagePart[] =>
  objectsOf(fields.raw('images')).flatMap(({ image_url: image }, at) => {
    const inline = parseDataUrl(textOf(objectOf(image).url));
    if (!inline) return [];
    return [{ type: 'image', at: `${fields.place('images')}[${at}]`, source: { type: 'base64', ...inline } }];
  });

/** What was said aloud, in writing. By its id alone nobody but its maker knows it. */
function transcriptOf(audio: Fields): TextPart[] {
  const text = audio.text('transcript');
  if (text === undefined) audio.giveUp();
  return text ? [{ type: 'text', at: audio.at, text }] : [];
}

/**
 * `reasoning_content` is DeepSeek's and many others', `reasoning` vLLM's, Groq's and OpenRouter's; `reasoning_details`, with its
 * signature, OpenRouter's and ours.
 */
function reasoningOf(fields: Fields): AssistantPart[] {
  const [content, plain] = [fields.text('reasoning_content'), fields.text('reasoning')];
  const text = content || plain;
  const details = fields.each('reasoning_details').map((detail): AssistantPart => {
    const [said, summary] = [detail.text('text'), detail.text('summary')];
    const read: AssistantPart = {
      type: 'reasoning',
      at: detail.at,
      text: said ?? summary ?? '',
      signature: detail.text('signature'),
      opaque: detail.text('data'),
      maker: makerOfDetail(detail.text('format') ?? ''),
    };
    // What else OpenRouter writes there.
    for (const key of ['type', 'index', 'id']) detail.raw(key);
    detail.leave();
    return read;
  });
  if (details.length > 0 || !text) return details;
  return [{ type: 'reasoning', at: fields.at, text }];
}
