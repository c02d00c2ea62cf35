import type { AssistantPart, Message, TextPart, ToolResultPart } from '../../contracts/model-request.ts';
import type { DataKind, PersonalData } from '../../contracts/personal-data.ts';
import { parseList, parseObject } from '../../lib/json.ts';

/** Takes personal data out of what was said, before it is stored: `[EMAIL]` stands in its place. */
export interface Redactor {
  text(text: string): string;
  messages(messages: readonly Message[]): readonly Message[];
  texts(texts: readonly TextPart[]): readonly TextPart[];
}

/**
 * Without kinds and patterns everything stays as it is.
 * @param patterns RE2 expressions, by the names that stand in the place of what they find
 */
export function redactorOf(
  kinds: readonly DataKind[],
  data: PersonalData,
  patterns: Readonly<Record<string, string>> = {},
): Redactor {
  const custom = Object.entries(patterns).map(([name, source]) => data.custom(name, source));
  const finders = [...custom, ...kinds.map((kind) => data.kinds[kind])];
  if (finders.length === 0)
    return { text: (text) => text, messages: (messages) => messages, texts: (texts) => texts };
  const text = (said: string): string => {
    const scanner = data.scanner(finders, custom.length === 0, (name) => `[${name.toUpperCase()}]`);
    return scanner.take(said) + scanner.end();
  };
  return {
    text,
    messages: (messages) => messages.map((message) => redacted(message, text)),
    texts: (texts) => texts.map((part) => redactedPart(part, text) as TextPart),
  };
}

/** A message none of whose texts holds any comes back as it is. */
function redacted(message: Message, text: (said: string) => string): Message {
  const content = (message.content as readonly Part[]).map((part) => redactedPart(part, text));
  return content.every((part, at) => part === message.content[at])
    ? message
    : ({ ...message, content } as Message);
}

type Part = Message['content'][number] | AssistantPart | TextPart | ToolResultPart;

function redactedPart(part: Part, text: (said: string) => string): Part {
  switch (part.type) {
    case 'text':
    case 'refusal': {
      const said = text(part.text);
      return said === part.text ? part : { ...part, text: said };
    }
    case 'reasoning': {
      const said = text(part.text);
      if (said === part.text) return part;
      // Signed as the model wrote it: changed, its provider would not take it back.
      const { signature, ...rest } = part;
      return { ...rest, text: said };
    }
    case 'tool-call': {
      const said = redactedJson(part.arguments, text);
      return said === part.arguments ? part : { ...part, arguments: said };
    }
    case 'tool-result': {
      const content = part.content.map((each) => redactedPart(each, text)) as ToolResultPart['content'];
      return content.every((each, at) => each === part.content[at]) ? part : { ...part, content };
    }
    default:
      return part;
  }
}

/** Texts and numbers in JSON. */
const LEAVES = /"[^"\\]*(?:\\.[^"\\]*)*"|-?\d[\d.eE+-]*/g;

/** JSON stays JSON: a number in whose place something stands becomes a text. What is none is looked through as it is. */
function redactedJson(json: string, text: (said: string) => string): string {
  if (!parseObject(json) && !parseList(json)) return text(json);
  return json.replace(LEAVES, (leaf) => {
    const said = leaf.startsWith('"') ? (JSON.parse(leaf) as string) : leaf;
    const left = text(said);
    return left === said ? leaf : JSON.stringify(left);
  });
}
