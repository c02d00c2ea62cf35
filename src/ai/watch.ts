import { createParser, type EventSourceParser } from 'eventsource-parser';
import type { AnswerFacts, Usage } from '../contracts/usage.ts';
import { type Answer, type Choice, usageOf } from './answer-facts.ts';
import { GeneratedText } from './generated-text.ts';

/** Characters of one event that are held to be read. A stream with a longer one passes unwatched from there on. */
const LARGEST_EVENT = 8 * 1024 * 1024;

/** Watches a stream in OpenAI's form go by. */
export class StreamWatch implements AnswerFacts {
  usage: Usage | undefined = undefined;
  finishReason = '';
  /** An event that says something was seen: an answer has begun. */
  begun = false;
  /** `[DONE]` was seen. */
  done = false;
  /** The provider said in the stream that it failed. */
  failed = false;
  /** An event was too long to be read: nothing more is known of this stream. */
  blind = false;
  readonly #generated = new GeneratedText();
  readonly #parser: EventSourceParser;
  readonly #decoder = new TextDecoder();

  constructor() {
    this.#parser = createParser({
      maxBufferSize: LARGEST_EVENT,
      onEvent: (event) => this.#onEvent(event.event, event.data),
      onError: (error) => {
        if (error.type === 'max-buffer-size-exceeded') this.blind = true;
      },
    });
  }

  get text(): string {
    return this.#generated.beginning;
  }

  get characters(): number {
    return this.#generated.length;
  }

  /** Bytes in the order in which they came, cut anywhere. */
  see(chunk: Buffer): void {
    if (!this.blind) this.#parser.feed(this.#decoder.decode(chunk, { stream: true }));
  }

  /** Nothing comes any more. A last event may lack its empty line; clients read it all the same. */
  end(): void {
    if (!this.blind) this.#parser.feed('\n\n');
  }

  #onEvent(type: string | undefined, data: string): void {
    if (data === '[DONE]') {
      this.done = true;
      return;
    }
    this.begun = true;
    if (type === 'error') this.failed = true;
    let event: Answer;
    try {
      event = JSON.parse(data) as Answer;
    } catch {
      // Passed on as it came; a stream of nothing else ends without a finish reason, and that is recorded.
      return;
    }
    if (event === null || typeof event !== 'object') return;
    if (event.error) this.failed = true;
    this.usage = usageOf(event) ?? this.usage;
    if (!Array.isArray(event.choices)) return;
    for (const choice of event.choices) this.#onChoice(choice);
  }

  #onChoice(choice: Choice | null): void {
    if (typeof choice?.finish_reason === 'string') this.finishReason = choice.finish_reason;
    const { content, refusal, reasoning_content: reasoning, tool_calls: calls } = choice?.delta ?? {};
    this.#said(content);
    this.#said(refusal);
    this.#said(reasoning);
    if (!Array.isArray(calls)) return;
    for (const call of calls) {
      this.#said(call?.function?.name);
      this.#said(call?.function?.arguments);
    }
  }

  #said(text: unknown): void {
    if (typeof text === 'string' && text !== '') this.#generated.add(text);
  }
}
