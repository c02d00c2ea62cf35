import type { Provider } from '../../contracts/provider.ts';
import { openai } from './openai.ts';

const PROVIDERS: Readonly<Record<string, Provider>> = { openai };

/** The provider of a kind, or undefined if this version doesn't speak it yet. */
export const providerOf = (kind: string): Provider | undefined => PROVIDERS[kind];
