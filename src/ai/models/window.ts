import { calcPrice, findProvider } from '@pydantic/genai-prices';
import { USUAL_WINDOW } from '../../context/prompt/tokens.ts';

/**
 * How many tokens a model reads and writes in one call, by the table of @pydantic/genai-prices (by the provider's URL
 * where it knows it, else by the model's name alone); 0 if it is not known.
 */
export function windowOf(model: string, baseUrl: string): number {
  const provider = findProvider({ providerApiUrl: baseUrl });
  const known = calcPrice({ input_tokens: 1, output_tokens: 1 }, model, provider ? { provider } : {});
  return known?.model.context_window ?? 0;
}

/** The least that any of these can take, of those that are known. */
export function leastWindow(
  models: readonly { readonly deployments: readonly { readonly window: number }[] }[],
): number {
  const known = models
    .flatMap(({ deployments }) => deployments.map(({ window }) => window))
    .filter((window) => window > 0);
  return known.length === 0 ? USUAL_WINDOW : Math.min(...known);
}
