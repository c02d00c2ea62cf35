import type { HeaderBag } from './policy.ts';

/** How one kind of provider is spoken to. Each lives in a file of its own in `ai/providers/`; they don't know each other. */
export interface Provider {
  readonly kind: string;
  /** Path of chat completions below the base URL. */
  readonly chatPath: string;
  /** The headers of a call: who we are, and nothing of the client's. */
  headers(apiKey: string): HeaderBag;
}
