/** As parsers compare names that have no regard for case (Go's encoding/json): `K` of Kelvin is a k, and a long s is an s. */
const folded = (name: string): string => name.toUpperCase().toLowerCase();

/**
 * Makes what says whether an object has a field whose name such a parser takes for one of these, and which is not it: that
 * one would go past what was decided over the other.
 */
export function lookAlikes(...names: readonly string[]): (value: object) => boolean {
  const real = new Map(names.map((name) => [folded(name), name]));
  return (value) =>
    Object.keys(value).some((key) => {
      const name = real.get(folded(key));
      return name !== undefined && name !== key;
    });
}
