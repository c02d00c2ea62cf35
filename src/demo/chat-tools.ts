/** Which tool the sandbox model calls, and with which arguments. */
import { isRecord } from './call.ts';
import type { ChatRequest, ChatTool } from './chat-request.ts';
import { lastAsked } from './chat-rules.ts';

const MAX_DEPTH = 6;

/** The call that answers this request, or undefined where the model would rather talk. */
export function chooseToolCall(request: ChatRequest): { name: string; arguments: string } | undefined {
  const tool = chooseTool(request);
  if (!tool) return undefined;
  const fill = instanceOf(tool.parameters, lastAsked(request.messages), '', 0);
  return { name: tool.name, arguments: JSON.stringify(fill ?? {}) };
}

function chooseTool({ tools, toolChoice, messages }: ChatRequest): ChatTool | undefined {
  if (toolChoice === 'none') return undefined;
  if (typeof toolChoice === 'object') return tools.find(({ name }) => name === toolChoice.name);
  const asked = lastAsked(messages).toLowerCase();
  const named = tools.find((tool) => mentions(asked, tool));
  if (toolChoice === 'required') return named ?? tools[0];
  // After a tool's result the model answers with it instead of asking again.
  return messages.at(-1)?.role === 'tool' ? undefined : named;
}

/** Words of the name count from 4 letters on, of the description from 6: shorter ones are in every text. */
function mentions(asked: string, { name, description }: ChatTool): boolean {
  const words = [
    ...(name.toLowerCase().match(/[a-z]{4,}/g) ?? []),
    ...(description.toLowerCase().match(/[a-z]{6,}/g) ?? []),
  ];
  return words.some((word) => asked.includes(word));
}

/** A value of this JSON Schema, filled from `text` as well as a small rule can. */
export function instanceOf(schema: unknown, text: string, name: string, depth: number): unknown {
  if (!isRecord(schema) || depth > MAX_DEPTH) return null;
  if ('const' in schema) return schema.const;
  if (Array.isArray(schema.enum)) {
    return (
      schema.enum.find((one) => text.toLowerCase().includes(String(one).toLowerCase())) ?? schema.enum[0]
    );
  }
  const options = schema.anyOf ?? schema.oneOf;
  if (Array.isArray(options)) return instanceOf(options[0], text, name, depth + 1);
  const type = Array.isArray(schema.type) ? schema.type[0] : schema.type;
  switch (type) {
    case 'string':
      return stringFor(name, text);
    case 'integer':
    case 'number':
      return Number(/\d+/.exec(text)?.[0] ?? schema.minimum ?? 1);
    case 'boolean':
      return !/\b(no|not|never)\b/i.test(text);
    case 'array':
      return [instanceOf(schema.items, text, name, depth + 1)];
    case 'null':
      return null;
    default: {
      const properties = isRecord(schema.properties) ? schema.properties : {};
      return Object.fromEntries(
        Object.entries(properties).map(([key, inner]) => [key, instanceOf(inner, text, key, depth + 1)]),
      );
    }
  }
}

/** A number for an id, the last proper name for a place or person, else the whole text. */
function stringFor(name: string, text: string): string {
  if (/id$|number|account|order|code/i.test(name)) {
    const number = /(?:[A-Z]{1,5}-)?\d[\w-]*/.exec(text)?.[0];
    if (number) return number;
  }
  if (/city|place|location|country|name/i.test(name)) {
    const proper = text.match(/(?<=\S\s+)\p{Lu}\p{L}+/gu)?.at(-1);
    if (proper) return proper;
  }
  return text;
}
