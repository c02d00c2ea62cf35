import type { AnswerName } from '../../../contracts/format.ts';
import type { AnswerContent, ModelAnswer } from '../../../contracts/model-answer.ts';
import type { JsonObject, Maker } from '../../../contracts/model-request.ts';
import type { Citation } from '../../../contracts/stream-part.ts';
import { parseObject } from '../../../lib/json.ts';
import { UNSIGNED, writeSeal } from '../../seal.ts';
import { imageText } from './image-text.ts';
import { writeStopReason } from './write-stop-reason.ts';
import { writeUsage } from './write-usage.ts';

/** A whole answer as a message: of several answers the first, since no client of this format can ask for more. */
export function writeAnswer(answer: ModelAnswer, name: AnswerName): JsonObject {
  const [choice] = answer.choices;
  return {
    id: answer.id || `msg_${name.id}`,
    type: 'message',
    role: 'assistant',
    model: answer.model || name.model,
    content: choice?.content.flatMap(blockOf) ?? [],
    stop_reason: writeStopReason(
      choice?.finishReason ?? '',
      choice?.content.some(({ type }) => type === 'refusal') ?? false,
    ),
    stop_sequence: choice?.stopSequence || null,
    usage: writeUsage(answer.usage ?? { input: 0, output: 0, cached: 0 }),
  };
}

/** The input of a tool is an object here: arguments that are none would be lost, unless it says itself that they were cut. */
export const canWrite = ({ choices: [choice] }: ModelAnswer): boolean =>
  choice?.finishReason === 'length' ||
  !choice?.content.some(
    (content) =>
      content.type === 'tool-call' &&
      content.arguments.trim() !== '' &&
      parseObject(content.arguments) === undefined,
  );

function blockOf(content: AnswerContent): JsonObject[] {
  switch (content.type) {
    case 'text': {
      const citations = content.citations.flatMap(writeCitation);
      if (content.text === '' && citations.length === 0) return [];
      return [{ type: 'text', text: content.text, citations: citations.length > 0 ? citations : null }];
    }
    // It says in words that it will not, and its stop reason says so too.
    case 'refusal':
      return [{ type: 'text', text: content.text, citations: null }];
    case 'image':
      return [{ type: 'text', text: imageText(content), citations: null }];
    case 'reasoning':
      return [{ type: 'thinking', thinking: content.text, signature: writeSignature(content) }];
    case 'reasoning-opaque':
      return [{ type: 'redacted_thinking', data: writeData(content) }];
    case 'tool-call': {
      const { id, name } = content;
      return [{ type: 'tool_use', id, name, input: parseObject(content.arguments) ?? {} }];
    }
  }
}

/** So that Anthropic's models are not asked to take for their own what another one thought. */
export const writeSignature = ({
  signature,
  maker,
}: {
  signature: string;
  maker?: Maker | undefined;
}): string => (signature === '' ? UNSIGNED : writeSeal(maker, 'signature', signature, 'anthropic'));

export const writeData = ({ data, maker }: { data: string; maker?: Maker | undefined }): string =>
  writeSeal(maker, 'opaque', data, 'anthropic');

/** Of the web the index is opaque to clients, and means something to Anthropic alone. */
export function writeCitation({ url, title, text, place }: Citation): JsonObject[] {
  if (place) return [place];
  if (url === undefined) return [];
  return [
    {
      type: 'web_search_result_location',
      url,
      title: title ?? null,
      cited_text: text ?? '',
      encrypted_index: '',
    },
  ];
}
