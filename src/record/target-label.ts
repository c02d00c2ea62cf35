import type { Exchange } from '../contracts/exchange.ts';

/**
 * A target as metrics and signals call it. A client that speaks to a provider in its own words names models as it likes:
 * those that the config does not name are one, `provider/*`, as budgets have them.
 */
export const targetLabel = ({ ai }: Pick<Exchange, 'ai'>, target: string): string =>
  ai?.model.endsWith('/*') && target !== '' ? ai.model : target;
