import { isObject, textOf } from '../../lib/json.ts';

/** The arguments of a call as OpenAI writes them, as text; some that speak its API (Text Generation Inference) send the object itself. */
export const argumentsText = (value: unknown): string =>
  isObject(value) ? JSON.stringify(value) : textOf(value);
