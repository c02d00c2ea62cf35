import { calcPrice, findProvider } from '@pydantic/genai-prices';
import type { Usage } from '../contracts/usage.ts';

/** US dollars per million tokens. */
export interface ConfiguredPrice {
  input: number;
  output: number;
  cachedInput?: number | undefined;
}

/** What a call costs in US dollars; -1 if there is no price for the model. */
export type Pricer = (usage: Usage) => number;

const MILLION = 1_000_000;

const linear = (input: number, cached: number, output: number, written = input): Pricer => {
  return ({ input: all, cached: read, cacheWrite = 0, output: said }) =>
    ((all - read - cacheWrite) * input + read * cached + cacheWrite * written + said * output) / MILLION;
};

/**
 * The price of one deployment: the config's own, else the table of @pydantic/genai-prices (by the provider's URL where
 * it knows it, else by the model's name alone). The table is asked once here where a price is the same at all times and
 * sizes; asking it costs 45 µs a call.
 */
export function pricerOf(model: string, baseUrl: string, configured: ConfiguredPrice | undefined): Pricer {
  if (configured)
    return linear(configured.input, configured.cachedInput ?? configured.input, configured.output);
  const provider = findProvider({ providerApiUrl: baseUrl });
  const options = provider ? { provider } : {};
  const known = calcPrice({ input_tokens: 1, output_tokens: 1 }, model, options);
  if (!known) return () => -1;
  const {
    input_mtok: input,
    output_mtok: output,
    cache_read_mtok: cached,
    cache_write_mtok: written,
  } = known.model_price;
  const isFlat =
    !Array.isArray(known.model.prices) && typeof input === 'number' && typeof output === 'number';
  const isNumberOrNone = (price: unknown): price is number | undefined =>
    price === undefined || typeof price === 'number';
  if (isFlat && isNumberOrNone(cached) && isNumberOrNone(written))
    return linear(input, cached ?? input, output, written);
  return (usage) =>
    calcPrice(
      {
        input_tokens: usage.input,
        output_tokens: usage.output,
        cache_read_tokens: usage.cached,
        cache_write_tokens: usage.cacheWrite ?? 0,
      },
      model,
      options,
    )?.total_price ?? -1;
}
