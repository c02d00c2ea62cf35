import { createParser, type EventSourceParser } from 'eventsource-parser';
import type { AnswerFacts, Usage } from '../contracts/usage.ts';

interface Choice {
  index?: number;
  finish_reason?: string | null;
  message?: { content?: unknown; tool_calls?: unknown };
  delta?: { content?: unknown; tool_calls?: { function?: { name?: string; arguments?: string } }[] };
}
interface Answer {
  choices?: Choice[];
  usage?: {
    prompt_tokens?: number;
    completion_tokens?: number;
    prompt_tokens_details?: { cached_tokens?: number };
  };
  error?: unknown;
}

export const noFacts = (): AnswerFacts => ({ usage: undefined, finishReason: '', text: '' });

/** Characters of generated text that are kept for an estimate; a longer answer is taken to go on like it. */
const MOST_TEXT = 256 * 1024;

const count = (value: unknown): value is number =>
  typeof value === 'number' && Number.isFinite(value) && value >= 0;

function usageOf(answer: Answer): Usage | undefined {
  const {
    prompt_tokens: input,
    completion_tokens: output,
    prompt_tokens_details: details,
  } = answer.usage ?? {};
  if (!count(input)) return undefined;
  const cached = details?.cached_tokens;
  return { input, output: count(output) ? output : 0, cached: count(cached) ? Math.min(cached, input) : 0 };
}

/** What a whole answer in OpenAI's form says about itself. */
export function factsOfAnswer(body: Buffer): AnswerFacts {
  const facts = noFacts();
  const answer = JSON.parse(body.toString('utf8')) as Answer;
  facts.usage = usageOf(answer);
  for (const choice of Array.isArray(answer.choices) ? answer.choices : []) {
    if (typeof choice?.finish_reason === 'string') facts.finishReason = choice.finish_reason;
    if (facts.usage) continue;
    const { content, tool_calls: calls } = choice?.message ?? {};
    facts.text += typeof content === 'string' ? content : '';
    if (calls) facts.text += JSON.stringify(calls);
  }
  return facts;
}

/** Watches a stream in OpenAI's form go by. */
export class StreamWatch {
  readonly facts: AnswerFacts = noFacts();
  /** `[DONE]` was seen. */
  done = false;
  /** The provider said in the stream that it failed. */
  failed = false;
  readonly #parser: EventSourceParser;
  readonly #decoder = new TextDecoder();

  constructor() {
    this.#parser = createParser({ onEvent: (event) => this.#onData(event.data) });
  }

  /** Bytes in the order in which they came, cut anywhere. */
  see(chunk: Buffer): void {
    this.#parser.feed(this.#decoder.decode(chunk, { stream: true }));
  }

  #onData(data: string): void {
    if (data === '[DONE]') {
      this.done = true;
      return;
    }
    let event: Answer;
    try {
      event = JSON.parse(data) as Answer;
    } catch {
      // Passed on as it came; a stream of nothing else ends without a finish reason, and that is recorded.
      return;
    }
    if (event === null || typeof event !== 'object') return;
    if (event.error) this.failed = true;
    this.facts.usage = usageOf(event) ?? this.facts.usage;
    if (!Array.isArray(event.choices)) return;
    for (const choice of event.choices) this.#onChoice(choice);
  }

  #onChoice(choice: Choice | null): void {
    if (typeof choice?.finish_reason === 'string') this.facts.finishReason = choice.finish_reason;
    if (this.facts.text.length > MOST_TEXT) return;
    const { content, tool_calls: calls } = choice?.delta ?? {};
    if (typeof content === 'string') this.facts.text += content;
    if (Array.isArray(calls)) {
      for (const call of calls)
        this.facts.text += (call?.function?.name ?? '') + (call?.function?.arguments ?? '');
    }
  }
}
