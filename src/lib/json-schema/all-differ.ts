/**
 * `uniqueItems` in time linear to the text. ajv compares each item with each other: 30,000 small objects in one array,
 * which is under a megabyte, would hold up the process for many seconds.
 */
export function allDiffer(items: readonly unknown[]): boolean {
  return new Set(items.map(canonical)).size === items.length;
}

/** Equal for values that are equal (JSON Schema 2020-12 core, section 4.2.2): the order of keys makes no difference. */
function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const members = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${members.map(([key, each]) => `${JSON.stringify(key)}:${canonical(each)}`).join(',')}}`;
}
