import type { ConfigDocument, Interpolated } from './document.ts';
import { formatPath, type Path } from './path.ts';
import type { ConfigProblem } from './problems.ts';
import type { Finding, Shown } from './schema-problems.ts';
import { isSecretAt, valueWords } from './wording.ts';

/** The `${…}` that the value of a path came from. */
export function interpolatedAt(
  { places, interpolated }: ConfigDocument,
  path: Path,
): Interpolated | undefined {
  const node = interpolated.size === 0 ? undefined : places.nodeAt(path);
  return node && interpolated.get(node);
}

/**
 * How messages show a value: never a secret, never what a variable or file held, never an address with a password.
 */
export const showing =
  (document: ConfigDocument): Shown =>
  (path, value) => {
    if (isSecretAt(path)) return '';
    const written = interpolatedAt(document, path);
    if (written !== undefined) return `, is ${valueWords(written.source)}`;
    const mayHoldPassword = typeof value === 'string' && value.includes('@') && value.includes(':');
    return mayHoldPassword ? '' : `, is ${valueWords(value)}`;
  };

/** What was wrong with the document as such. */
export const documentProblems = ({ problems, places }: ConfigDocument, file: string): ConfigProblem[] =>
  problems.map(({ offset, path, message }) => ({
    file,
    ...places.ofOffset(offset),
    key: formatPath(path),
    message,
  }));

/** Findings with their place in the file; without those about a `${…}` that could not be read, which is said already. */
export function placed(
  findings: readonly Finding[],
  document: ConfigDocument,
  file: string,
): ConfigProblem[] {
  const resolved = findings.filter(({ path }) => {
    const written = interpolatedAt(document, path);
    return written === undefined || written.text !== undefined;
  });
  return resolved.map(({ path, at, message, suggestion }) => {
    const place = at === 'key' ? document.places.ofKey(path) : document.places.ofValue(path);
    const problem = { file, ...place, key: formatPath(path), message };
    return suggestion === undefined ? problem : { ...problem, suggestion };
  });
}
