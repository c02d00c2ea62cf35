import type { Catalog, Model } from './catalog.ts';
import { leastWindow } from './window.ts';

/** The model, its fallbacks, and theirs: breadth first, each once. The config has no cycles; a name twice has no use. */
export function chainOf(model: Model, catalog: Catalog): Model[] {
  const models = [model];
  for (const at of models) {
    for (const name of at.fallback) {
      const next = catalog.get(name);
      if (next && !models.includes(next)) models.push(next);
    }
  }
  return models;
}

/** The most tokens that a call may have, wherever the routes of its model send it: there all who may be asked can take them. */
export const widestWindow = (model: Model, catalog: Catalog): number =>
  Math.max(
    ...[model.name, ...model.elsewhere].map((name) => {
      const each = catalog.get(name);
      return each ? leastWindow(chainOf(each, catalog)) : 0;
    }),
  );
