import { isAlias, isMap, isPair, isScalar, isSeq, parseDocument, visit } from 'yaml';
import { MASK, maskText } from './mask.ts';

/** A value as it is written. */
interface Written {
  /** The keys that lead to it. */
  readonly place: string;
  readonly start: number;
  readonly end: number;
}

/**
 * A text that was shown with its secrets masked, and edited: each mask that is as it was shown, and where it was shown, becomes
 * the secret again. Items of a list are known by their `name` or `id`, not by where they stand, and without one by being
 * as they were shown: a secret never goes over to somebody else. Masks elsewhere stay.
 *
 * @param before with its secrets
 */
export function keepSecrets(text: string, before: string): string {
  if (!text.includes(MASK)) return text;
  const secrets = secretsOf(before);
  let kept = '';
  let at = 0;
  for (const { place, start, end } of valuesIn(text)) {
    const secret = secrets.get(keyOf(place, text.slice(start, end)));
    if (secret === undefined) continue;
    kept += text.slice(at, start) + secret;
    at = end;
  }
  return kept + text.slice(at);
}

const keyOf = (place: string, shown: string): string => JSON.stringify([place, shown]);

/** Secrets by where and as what they are shown; undefined: two are shown alike. */
function secretsOf(text: string): Map<string, string | undefined> {
  const masked = maskText(text);
  const [values, shown] = [valuesIn(text), valuesIn(masked)];
  const secrets = new Map<string, string | undefined>();
  // Masking takes no value away.
  if (values.length !== shown.length) return secrets;
  for (const [n, { place, start, end }] of shown.entries()) {
    const value = values[n] as Written;
    const source = text.slice(value.start, value.end);
    const mask = masked.slice(start, end);
    // A block of lines stands by its indentation: it is written anew.
    if (source === mask || source.includes('\n')) continue;
    const key = keyOf(place, mask);
    secrets.set(key, secrets.has(key) ? undefined : source);
  }
  return secrets;
}

/** In the order of the text; none where it is no YAML. A bare mask is an alias to YAML. */
function valuesIn(text: string): Written[] {
  const doc = parseDocument(text, { schema: 'core', merge: true, prettyErrors: false, logLevel: 'error' });
  const values: Written[] = [];
  if (doc.errors.length > 0) return values;
  visit(doc, {
    Node(at, node, ancestors) {
      if (at === 'key' || !(isScalar(node) || isAlias(node)) || !node.range) return;
      const way = [...ancestors, node];
      const place = way.flatMap((each, n) => {
        if (isPair(each)) return isScalar(each.key) ? [each.key.value] : [];
        return isSeq(each) ? [itemIn(text, way[n + 1])] : [];
      });
      values.push({ place: JSON.stringify(place), start: node.range[0], end: node.range[1] });
    },
  });
  return values;
}

/** What an item of a list is known by. */
function itemIn(text: string, item: unknown): unknown {
  if (isMap(item)) {
    for (const key of ['name', 'id']) if (item.has(key)) return { [key]: item.get(key) };
  }
  const { range } = item as { range?: [number, number, number] | null };
  return range ? text.slice(range[0], range[1]).trim() : '';
}
