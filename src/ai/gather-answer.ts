import type { Vector } from '../contracts/embeddings.ts';
import type { AnswerChoice, AnswerContent, ModelAnswer } from '../contracts/model-answer.ts';
import type { StreamPart, TokenLogprob } from '../contracts/stream-part.ts';
import type { Usage } from '../contracts/usage.ts';

type Writable<T> = { -readonly [K in keyof T]: T[K] };
type Content = Writable<AnswerContent>;
interface Choice extends Writable<AnswerChoice> {
  content: Content[];
  logprobs: TokenLogprob[];
  refusalLogprobs: TokenLogprob[];
}

/** Puts the parts of an answer together. */
export function gatherAnswer(parts: readonly StreamPart[]): ModelAnswer {
  const choices: Choice[] = [newChoice()];
  const vectors: Vector[] = [];
  let [id, model, serviceTier] = ['', '', ''];
  let usage: Usage | undefined;
  for (const part of parts) {
    if (part.type === 'start') [id, model] = [part.id, part.model];
    else if (part.type === 'embedding') vectors[part.index] = part.vector;
    else if (part.type === 'usage') usage = part.usage;
    else if (part.type === 'service-tier') serviceTier = part.tier;
    else if (!OF_NO_CHOICE.has(part.type)) {
      const at = (part as OfChoice).choice ?? 0;
      while (choices.length <= at) choices.push(newChoice());
      addTo(choices[at] as Choice, part as OfChoice);
    }
  }
  return { id, model, choices, vectors, usage, serviceTier };
}

const newChoice = (): Choice => ({
  content: [],
  logprobs: [],
  refusalLogprobs: [],
  finishReason: '',
  stopSequence: '',
});

type OfChoice = Exclude<
  StreamPart,
  { type: 'start' | 'usage' | 'service-tier' | 'embedding' | 'item' | 'item-start' | 'error' | 'end' }
>;

const OF_NO_CHOICE: ReadonlySet<StreamPart['type']> = new Set(['item', 'item-start', 'error', 'end']);

function addTo(choice: Choice, part: OfChoice): void {
  const { content } = choice;
  const last = content.at(-1);
  switch (part.type) {
    case 'text':
      if (last?.type === 'text') last.text += part.text;
      else content.push({ type: 'text', text: part.text, citations: [] });
      break;
    case 'refusal':
      if (last?.type === 'refusal') last.text += part.text;
      else content.push({ type: 'refusal', text: part.text });
      break;
    case 'reasoning':
      if (last?.type === 'reasoning' && last.signature === '') last.text += part.text;
      else content.push({ type: 'reasoning', text: part.text, signature: '' });
      break;
    case 'reasoning-signature':
      if (last?.type === 'reasoning' && last.signature === '') {
        last.signature = part.signature;
        last.maker = part.maker;
        break;
      }
      // Thought that its provider does not show, and signed all the same.
      content.push({ type: 'reasoning', text: '', signature: part.signature, maker: part.maker });
      break;
    case 'reasoning-opaque':
      content.push({ type: 'reasoning-opaque', data: part.data, maker: part.maker });
      break;
    case 'image':
      content.push({ type: 'image', mediaType: part.mediaType, data: part.data });
      break;
    case 'citation':
      if (last?.type === 'text') last.citations = [...last.citations, part.citation];
      else content.push({ type: 'text', text: '', citations: [part.citation] });
      break;
    case 'tool-call-start': {
      const { id, name, isFormer } = part;
      content.push({ type: 'tool-call', id, name, arguments: '', ...(isFormer && { isFormer }) });
      break;
    }
    case 'tool-call-arguments': {
      const call = content.filter(({ type }) => type === 'tool-call')[part.call];
      if (call?.type === 'tool-call') call.arguments += part.text;
      break;
    }
    case 'logprobs':
      (part.isRefusal ? choice.refusalLogprobs : choice.logprobs).push(...part.tokens);
      break;
    case 'finish':
      choice.finishReason = part.reason;
      choice.stopSequence = part.stopSequence ?? '';
      break;
  }
}
