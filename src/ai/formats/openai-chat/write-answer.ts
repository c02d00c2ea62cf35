import type { AnswerName } from '../../../contracts/format.ts';
import type { AnswerChoice, AnswerContent, ModelAnswer } from '../../../contracts/model-answer.ts';
import type { JsonObject } from '../../../contracts/model-request.ts';
import type { Citation, TokenLogprob } from '../../../contracts/stream-part.ts';
import { extraContent, reasoningDetail } from '../../reasoning-detail.ts';
import { writeFinishReason } from './write-finish-reason.ts';
import { writeUsage } from './write-usage.ts';

/** A whole answer as a chat completion. */
export function writeAnswer(answer: ModelAnswer, name: AnswerName): JsonObject {
  return {
    id: answer.id || `chatcmpl-${name.id}`,
    object: 'chat.completion',
    created: name.created,
    model: answer.model || name.model,
    choices: answer.choices.map((choice, index) => ({
      index,
      message: messageOf(choice.content),
      logprobs: logprobsOf(choice),
      finish_reason: writeFinishReason(choice.finishReason, choice.content.some(isFormerCall)),
    })),
    ...(answer.serviceTier && { service_tier: answer.serviceTier }),
    ...(answer.usage && { usage: writeUsage(answer.usage) }),
  };
}

function logprobsOf({ logprobs, refusalLogprobs }: AnswerChoice): JsonObject | null {
  if (logprobs.length + refusalLogprobs.length === 0) return null;
  const listOf = (tokens: readonly TokenLogprob[]) => (tokens.length > 0 ? tokens : null);
  return { content: listOf(logprobs), refusal: listOf(refusalLogprobs) };
}

function messageOf(content: AnswerChoice['content']): JsonObject {
  const of = <T extends AnswerContent['type']>(type: T) =>
    content.filter((each): each is Extract<AnswerContent, { type: T }> => each.type === type);
  const [texts, refusals, reasoning] = [of('text'), of('refusal'), of('reasoning')];
  const calls = of('tool-call').filter((call) => !isFormerCall(call));
  const former = of('tool-call').find(isFormerCall);
  const images = of('image').map(writeImage);
  const details = content.flatMap(detailsOf);
  const annotations = texts.flatMap(({ citations }) => citations).flatMap(annotation);
  return {
    role: 'assistant',
    content: texts.length > 0 ? texts.map(({ text }) => text).join('') : null,
    refusal: refusals.length > 0 ? refusals.map(({ text }) => text).join('') : null,
    ...(reasoning.length > 0 && { reasoning_content: reasoning.map(({ text }) => text).join('\n') }),
    ...(details.length > 0 && { reasoning_details: details }),
    ...(annotations.length > 0 && { annotations }),
    ...(images.length > 0 && { images }),
    ...(former && { function_call: { name: former.name, arguments: former.arguments } }),
    ...(calls.length > 0 && {
      tool_calls: calls.map((call) => ({
        id: call.id,
        type: 'function',
        function: { name: call.name, arguments: call.arguments },
        ...extraContent(sealBefore(content, call)),
      })),
    }),
  };
}

const isFormerCall = (content: AnswerContent): boolean =>
  content.type === 'tool-call' && content.isFormer === true;

function sealBefore(content: AnswerChoice['content'], call: AnswerContent) {
  const before = content[content.indexOf(call) - 1];
  return before?.type === 'reasoning-opaque' ? before : undefined;
}

/** A picture that a model made: OpenAI's chats have no place for one; this is OpenRouter's. */
export const writeImage = ({ mediaType, data }: { mediaType: string; data: string }): JsonObject => ({
  type: 'image_url',
  image_url: { url: `data:${mediaType};base64,${data}` },
});

/** Of what is no reasoning, none. */
export function detailsOf(content: AnswerContent): JsonObject[] {
  if (content.type === 'reasoning') return reasoningDetail(content);
  if (content.type !== 'reasoning-opaque') return [];
  return reasoningDetail({ text: '', opaque: content.data, maker: content.maker });
}

/** OpenAI knows citations of the web only. */
export function annotation({ url, title, start, end }: Citation): JsonObject[] {
  if (url === undefined) return [];
  const place = { url, title: title ?? '', start_index: start ?? 0, end_index: end ?? 0 };
  return [{ type: 'url_citation', url_citation: place }];
}
