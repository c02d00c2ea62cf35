export interface QueryChanges {
  remove: ReadonlySet<string>;
  rename: ReadonlyMap<string, string>;
  /** Names and values, not encoded. */
  set: readonly (readonly [string, string])[];
  add: readonly (readonly [string, string])[];
}

/**
 * A target with its query changed. What is not about a parameter keeps its bytes: what it means is the upstream's
 * business (`a=%20` or `a=+`, `a` or `a=`). Names are compared decoded, so that `%61pi_key` does not slip through.
 *
 * @param target path and query
 */
export function changeQuery(target: string, { remove, rename, set, add }: QueryChanges): string {
  const at = target.indexOf('?');
  const path = at < 0 ? target : target.slice(0, at);
  const replaced = new Set(set.map(([name]) => name));
  const given = at < 0 ? [] : target.slice(at + 1).split('&');
  const kept = given
    .map((text) => ({ text, name: nameOf(text) }))
    .filter(({ name, text }) => text !== '' && !remove.has(name));
  const taken = new Set(kept.map(({ name }) => rename.get(name)));
  const parameters = kept.flatMap(({ text, name }) => {
    const renamed = rename.get(name);
    const now = renamed ?? name;
    if (replaced.has(now) || (renamed === undefined && taken.has(name))) return [];
    return [renamed === undefined ? text : encode(renamed) + text.slice(endOfName(text))];
  });
  for (const [name, value] of [...set, ...add]) parameters.push(`${encode(name)}=${encode(value)}`);
  return parameters.length === 0 ? path : `${path}?${parameters.join('&')}`;
}

const endOfName = (text: string): number => (text.includes('=') ? text.indexOf('=') : text.length);

function nameOf(text: string): string {
  const name = text.slice(0, endOfName(text)).replaceAll('+', ' ');
  try {
    return decodeURIComponent(name);
  } catch {
    return name;
  }
}

const encode = (text: string): string => encodeURIComponent(text.toWellFormed());
