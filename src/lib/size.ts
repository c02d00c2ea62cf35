const UNITS: ReadonlyMap<string, number> = new Map([
  ['b', 1],
  ['kb', 1024],
  ['mb', 1024 ** 2],
  ['gb', 1024 ** 3],
]);

const SIZE = /^(\d+(?:\.\d+)?)(b|kb|mb|gb)$/;

/**
 * `512b`, `64kb`, `10mb`, `1gb` (powers of 1024) → whole bytes. Undefined for what is no size and for more than
 * 2^53 bytes.
 */
export function parseSize(text: string): number | undefined {
  const [, amount, unit] = SIZE.exec(text) ?? [];
  if (amount === undefined || unit === undefined) return undefined;
  const bytes = Math.round(Number(amount) * (UNITS.get(unit) ?? Number.NaN));
  return bytes <= Number.MAX_SAFE_INTEGER ? bytes : undefined;
}

/** Bytes → the largest unit in which the figure stays whole: 65536 → `64kb`, 1000 → `1000b`. */
export function formatSize(bytes: number): string {
  let text = `${bytes}b`;
  for (const [unit, size] of UNITS) if (bytes >= size && bytes % size === 0) text = `${bytes / size}${unit}`;
  return text;
}
