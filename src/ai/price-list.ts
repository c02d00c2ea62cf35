import type { AiConfig } from '../config/schema/index.ts';
import { type Pricer, pricerOf } from './prices.ts';

/** Of models that clients name, or answers: there is no end of names. */
const MOST_MODELS = 256;

/** By when a model was made: vendors resolve its name to that in answers. */
const SNAPSHOT = /[-@]20\d\d-?\d\d-?\d\d$/;

/** The prices of all models of a provider, by the provider's own names of them: a snapshot without a price of its own has its model's. */
export function priceList(
  provider: string,
  baseUrl: string,
  configured: AiConfig['prices'],
): (model: string) => Pricer {
  const known = new Map<string, Pricer>();
  const own = (model: string) => configured[`${provider}/${model}`];
  return (model) => {
    const price =
      known.get(model) ?? pricerOf(model, baseUrl, own(model) ?? own(model.replace(SNAPSHOT, '')));
    if (known.size < MOST_MODELS) known.set(model, price);
    return price;
  };
}
