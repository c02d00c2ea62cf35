/** What the model service understands of a chat request, whichever API it came through. */

/** One message as plain text; `called` when an assistant message held tool calls. */
export interface ChatMessage {
  role: 'system' | 'user' | 'assistant' | 'tool';
  text: string;
}

/** A function the model may call. `parameters` is JSON Schema. */
export interface ChatTool {
  name: string;
  description: string;
  parameters: Record<string, unknown>;
}

export interface ChatRequest {
  model: string;
  messages: ChatMessage[];
  tools: ChatTool[];
  /** `auto` calls a tool that the question names, `required` one in any case, `{ name }` that one. */
  toolChoice: 'none' | 'auto' | 'required' | { name: string };
  /** In tokens, which are words here. */
  maxTokens?: number;
  stop: string[];
  stream: boolean;
  includeUsage: boolean;
  seed?: number;
  /** The reply must be JSON, of this schema if one is given. */
  json?: { schema?: Record<string, unknown> };
}

/** A reply, cut to its limit. A `toolCall` stands instead of words. */
export interface ChatReply {
  /** Pieces that joined give the text; each counts as one token. */
  words: string[];
  toolCall?: { name: string; arguments: string };
  finish: 'stop' | 'length' | 'tool';
  promptTokens: number;
  cachedTokens: number;
  completionTokens: number;
}

/** Splits text into words that keep the white space before them: joined, they are the text again. */
export function wordsOf(text: string): string[] {
  return text.match(/\s*\S+|\s+$/g) ?? [];
}
