/** `https://*.shop.example`: any name below, on that scheme and port. */
const BELOW = /^(https?:\/\/)\*(\.[^/*]+)$/;
const NAMES = /^[a-z0-9-]+(\.[a-z0-9-]+)*$/;

/** What is wrong with an entry, as a sentence; undefined if nothing. */
export function originProblem(entry: string): string | undefined {
  if (entry === '*') return undefined;
  if (entry === 'null') return 'null is the origin of every sandboxed page, whoever made it';
  const plain = BELOW.test(entry) ? entry.replace('*', 'name') : entry;
  if (!plain.includes('*') && URL.parse(plain)?.origin === plain) return undefined;
  return `"${entry}" is no origin: write it as https://shop.example, https://shop.example:8443 or https://*.shop.example`;
}

/** Whether an Origin header is one of these. @param entries without problem */
export function originTest(entries: readonly string[]): (origin: string) => boolean {
  if (entries.includes('*')) return () => true;
  const exact = new Set(entries);
  const below = entries.flatMap((entry) => {
    const [, scheme, suffix] = BELOW.exec(entry) ?? [];
    return scheme !== undefined && suffix !== undefined ? [{ scheme, suffix }] : [];
  });
  return (origin) =>
    exact.has(origin) ||
    below.some(
      ({ scheme, suffix }) =>
        origin.startsWith(scheme) &&
        origin.endsWith(suffix) &&
        NAMES.test(origin.slice(scheme.length, -suffix.length)),
    );
}
