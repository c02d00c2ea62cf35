import type { Provider } from '../../contracts/provider.ts';
import { anthropic } from './anthropic.ts';
import { openai } from './openai.ts';

const PROVIDERS: readonly Provider[] = [openai, anthropic];

/** The provider of a kind, or undefined if this version doesn't speak it yet. */
export const providerOf = (kind: string): Provider | undefined =>
  PROVIDERS.find((provider) => provider.kind === kind);
