import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import type { Leaf } from '../../src/hypercare/localisation/cube.ts';

/** A case of the RS data: leaves of the faulty minute with the minutes before as baseline, and the true places. */
export interface RsCase {
  name: string;
  dimensions: readonly string[];
  /** By dimension: the value that a number stands for. */
  values: readonly (readonly string[])[];
  leaves: readonly Leaf[];
  /** Each as `dimension=value` joined by ` & `, in the order of dimensions. */
  truth: ReadonlySet<string>;
}

type Cause = Record<string, string | number>;

interface Entry {
  data: string | number;
  timestamp: number;
  cause: Cause | Cause[];
}

/**
 * @param folder CSV files (`min`, `value` = bad, `cnt` = total, then dimensions) and `anomaly.yaml`
 * @throws an Error that names the file that is missing or broken
 */
export function readCases(folder: string): RsCase[] {
  const files = new Set(readdirSync(folder));
  if (!files.has('anomaly.yaml')) throw new Error(`${folder} has no anomaly.yaml`);
  const entries = parse(readFileSync(join(folder, 'anomaly.yaml'), 'utf8')) as Entry[];
  return entries.map((entry) => {
    const file = `${entry.data}.csv`;
    if (!files.has(file)) throw new Error(`anomaly.yaml names ${file}, which is not in ${folder}`);
    return toCase(entry, readFileSync(join(folder, file), 'utf8'));
  });
}

interface Row {
  minute: number;
  bad: number;
  total: number;
  values: number[];
}

function toCase(entry: Entry, text: string): RsCase {
  const [head = '', ...lines] = text.trim().split(/\r?\n/);
  const columns = head.split(',');
  const dimensions = columns.filter((name) => !['min', 'value', 'cnt'].includes(name));
  const interned = dimensions.map(() => new Map<string, number>());
  const rows = lines.map((line): Row => {
    const cells = line.split(',');
    const cell = (name: string): string => cells[columns.indexOf(name)] ?? '';
    const values = dimensions.map((dimension, i) => {
      const known = interned[i] as Map<string, number>;
      const value = cell(dimension);
      if (!known.has(value)) known.set(value, known.size);
      return known.get(value) as number;
    });
    return { minute: Number(cell('min')), bad: Number(cell('value')), total: Number(cell('cnt')), values };
  });
  const causes = Array.isArray(entry.cause) ? entry.cause : [entry.cause];
  return {
    name: String(entry.data),
    dimensions,
    values: interned.map((known) => [...known.keys()]),
    leaves: leavesOf(rows, entry.timestamp),
    truth: new Set(causes.map((cause) => nameOf(dimensions, (dimension) => cause[dimension]))),
  };
}

/** `cdn=5 & isp=x` */
export function nameOf(
  dimensions: readonly string[],
  value: (dimension: string) => string | number | undefined,
): string {
  const parts = dimensions.map((dimension) => [dimension, value(dimension)] as const);
  return parts
    .filter(([, given]) => given !== undefined)
    .map(([dimension, given]) => `${dimension}=${given}`)
    .join(' & ');
}

/** The faulty minute against those before it that were themselves normal: at most twice their median rate. */
function leavesOf(rows: readonly Row[], faulty: number): Leaf[] {
  const rates = new Map<number, { bad: number; total: number }>();
  for (const { minute, bad, total } of rows) {
    if (minute >= faulty) continue;
    const rate = rates.get(minute) ?? { bad: 0, total: 0 };
    rate.bad += bad;
    rate.total += total;
    rates.set(minute, rate);
  }
  const rateOf = (minute: number): number => {
    const { bad = 0, total = 0 } = rates.get(minute) ?? {};
    return total > 0 ? bad / total : 0;
  };
  const sorted = [...rates.keys()].map(rateOf).sort((a, b) => a - b);
  const median = sorted[Math.floor(sorted.length / 2)] ?? 0;
  const leaves = new Map<string, Leaf>();
  for (const { minute, bad, total, values } of rows) {
    if (minute > faulty || (minute < faulty && rateOf(minute) > 2 * median)) continue;
    const key = values.join();
    const leaf = leaves.get(key) ?? { values, bad: 0, total: 0, baseBad: 0, baseTotal: 0 };
    if (minute === faulty) {
      leaf.bad += bad;
      leaf.total += total;
    } else {
      leaf.baseBad += bad;
      leaf.baseTotal += total;
    }
    leaves.set(key, leaf);
  }
  return [...leaves.values()];
}
