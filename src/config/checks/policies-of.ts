import type { Part } from '../part.ts';

/** The policies of a route, of `ai` or of `mcp`, each by its name, with its settings. */
export const policiesOf = (guarded: Part): [name: string, settings: Part][] =>
  guarded.get('policies').items.flatMap((entry) => entry.entries);

/** As well those that are ways of an `auth-any`, in its place. */
export const policiesWithin = (guarded: Part): [name: string, settings: Part][] =>
  policiesOf(guarded).flatMap(([name, settings]): [string, Part][] =>
    name === 'auth-any' ? settings.items.flatMap((way) => way.entries) : [[name, settings]],
  );
