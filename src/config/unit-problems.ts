const UNITS: Readonly<Record<string, { words: string; of: (figure: number) => string }>> = {
  duration: { words: 'a duration like 250ms, 5s, 1m, 2h or 7d', of: (n) => `write a unit: ${n}s or ${n}ms` },
  window: {
    words: 'a duration from 1s on, like 1h or 7d, or month',
    of: (n) => `write a unit: ${n}h or ${n}d`,
  },
  size: { words: 'a size like 512b, 64kb, 10mb or 1gb', of: (n) => `write a unit: ${n}kb or ${n}mb` },
  percent: {
    words: 'a percentage from 0% to 100%',
    of: (n) => `write a percentage: ${n > 0 && n < 1 ? Number((n * 100).toPrecision(12)) : n}%`,
  },
};

const FIGURE = /^\d{1,20}(\.\d{1,20})?$/;

/**
 * What to say about a value that should have been a duration, size or percentage.
 *
 * @param is how the value may be shown; a figure from a variable or a secret is never repeated
 */
export function unitMessage(
  unit: string,
  data: unknown,
  is: string,
): { message: string; suggestion?: string } {
  const row = UNITS[unit];
  if (row === undefined) return { message: `must be a ${unit}${is}` };
  const isLiteral = is !== '' && !is.includes('${');
  const figure =
    typeof data === 'number' || (typeof data === 'string' && FIGURE.test(data)) ? Number(data) : Number.NaN;
  if (isLiteral && figure >= 0 && figure < 1e21) return { message: row.of(figure) };
  const tidy = typeof data === 'string' ? data.replaceAll(' ', '').toLowerCase() : '';
  const suggestion =
    isLiteral && tidy !== data && tidy.length < 20 && LOOKS_RIGHT.test(tidy) ? tidy : undefined;
  return { message: `must be ${row.words}${is}`, suggestion };
}

const LOOKS_RIGHT = /^\d+(\.\d+)?(ms|s|m|h|d|b|kb|mb|gb|%)$/;
