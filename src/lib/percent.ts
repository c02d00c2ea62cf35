const PERCENT = /^(\d+(?:\.\d+)?)%$/;

/** `50%` → 0.5, `99.9%` → 0.999. Undefined for what is no percentage and for more than 100%. */
export function parsePercent(text: string): number | undefined {
  const [, amount] = PERCENT.exec(text) ?? [];
  if (amount === undefined) return undefined;
  const percent = Number(amount);
  // 99.9 / 100 is 0.9990000000000001: the decimal point is moved in decimal.
  return percent <= 100 ? Number((percent / 100).toPrecision(15)) : undefined;
}
