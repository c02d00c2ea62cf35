import { readdirSync, readFileSync } from 'node:fs';
import { anthropicMessages } from '../src/ai/dialects/anthropic-messages/index.ts';
import { bedrockConverse } from '../src/ai/dialects/bedrock-converse/index.ts';
import { cohereChat } from '../src/ai/dialects/cohere-chat/index.ts';
import { gemini } from '../src/ai/dialects/gemini/index.ts';
import { openaiChat } from '../src/ai/dialects/openai-chat/index.ts';
import { gatherAnswer } from '../src/ai/gather-answer.ts';
import { StreamWatch } from '../src/ai/watch.ts';
import type { Format } from '../src/contracts/format.ts';
import type { JsonObject } from '../src/contracts/model-request.ts';
import type { Dialect } from '../src/contracts/provider.ts';
import type { StreamPart } from '../src/contracts/stream-part.ts';
import type { Usage } from '../src/contracts/usage.ts';
import { SAMPLES } from './ai-samples.ts';

/** Those that answers are translated from, by the beginning of their recordings' names. */
const DIALECTS: Readonly<Record<string, Dialect>> = {
  'anthropic-messages': anthropicMessages,
  'bedrock-converse': bedrockConverse,
  'cohere-chat': cohereChat,
  gemini,
  'openai-chat': openaiChat,
};

const RECORDED = new URL('../test/fixtures/providers/', import.meta.url);

/** The parts of each recording of a dialect, as it reads them. */
function recordings(name: string, dialect: Dialect): StreamPart[][] {
  return readdirSync(RECORDED)
    .filter((file) => file.startsWith(name))
    .sort()
    .map((file) => {
      const bytes = readFileSync(new URL(file, RECORDED));
      if (file.endsWith('.json'))
        return dialect.readAnswer(JSON.parse(bytes.toString('utf8')) as JsonObject) ?? [];
      const parts: StreamPart[] = [];
      const watch = new StreamWatch(dialect, (part) => void parts.push(part));
      watch.see(bytes);
      watch.end();
      return parts;
    });
}

/** An answer's part without the feature: undefined where nothing is left, the part itself where it has none of it. */
type Without = (part: StreamPart) => StreamPart | undefined;

const ofType =
  (...types: readonly StreamPart['type'][]): Without =>
  (part) =>
    types.includes(part.type) ? undefined : part;

const ofUsage =
  (key: keyof Usage): Without =>
  (part) =>
    part.type === 'usage' && part.usage[key] ? { ...part, usage: { ...part.usage, [key]: 0 } } : part;

const FEATURES: Readonly<Record<string, Without>> = {
  text: ofType('text'),
  'tool calls': ofType('tool-call-start', 'tool-call-arguments'),
  reasoning: ofType('reasoning'),
  'sealed reasoning': ofType('reasoning-signature', 'reasoning-opaque'),
  refusal: ofType('refusal'),
  citations: ofType('citation'),
  pictures: ofType('image'),
  logprobs: ofType('logprobs'),
  // Those whose requests have no `n` are never given more.
  n: (part) => ('choice' in part && part.choice ? undefined : part),
  // Another one: none at all is the end of a stream that was cut off.
  'finish reason': (part) =>
    part.type === 'finish' ? { ...part, reason: part.reason === 'length' ? 'stop' : 'length' } : part,
  'stop sequence': (part) =>
    part.type === 'finish' && part.stopSequence !== undefined
      ? { type: 'finish', reason: part.reason }
      : part,
  usage: ofType('usage'),
  'cached tokens': ofUsage('cached'),
  'thought tokens': ofUsage('reasoning'),
  tier: ofType('service-tier'),
};

const NAME = { id: 'r', requestId: 'r', model: 'm', created: 0 };

function written(parts: readonly StreamPart[], format: Format): { whole: string; streamed: string } {
  const request = format.readRequest({ messages: [], input: [], stream_options: { include_usage: true } });
  const writer = format.openStream?.(request, NAME);
  const streamed = parts.map((part) => writer?.write(part) ?? '').join('') + (writer?.end() ?? '');
  return { whole: JSON.stringify(format.writeAnswer(gatherAnswer(parts), NAME, request)), streamed };
}

/** A format that writes each answer with the feature as it writes the one without has no place for it. */
function cell(recorded: readonly StreamPart[][], without: Without, format: Format): string {
  const told = { whole: false, streamed: false };
  let isThere = false;
  for (const parts of recorded) {
    const rest = parts.map(without);
    if (rest.every((part, at) => part === parts[at])) continue;
    isThere = true;
    const [all, less] = [parts, rest.filter((part) => part !== undefined)].map((each) =>
      written(each, format),
    );
    for (const how of ['whole', 'streamed'] as const) told[how] ||= all?.[how] !== less?.[how];
  }
  if (!isThere) return '–';
  if (told.whole !== told.streamed) return told.whole ? '○ whole' : '○ streamed';
  return told.whole ? '○' : '·';
}

/** What of the recorded answers of those who speak another format arrives in this one. */
export function answersTable(format: Format): string {
  const rows = Object.entries(DIALECTS)
    .filter(([name]) => name !== format.name)
    .map(([name, dialect]) => {
      const recorded = recordings(name, dialect);
      const asks = SAMPLES[format.name] ?? {};
      const cells = Object.entries(FEATURES).map(([feature, without]) =>
        feature === 'n' && !asks.n ? '–' : cell(recorded, without, format),
      );
      return `| ${name} | ${cells.join(' | ')} |`;
    });
  const features = Object.keys(FEATURES);
  return `| read as | ${features.join(' | ')} |
|---|${features.map(() => '---|').join('')}
${rows.join('\n')}`;
}
