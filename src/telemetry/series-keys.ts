type Value = string | number | undefined;
type Node = Map<Value, Node | string>;

/**
 * The texts by which prom-client keeps the series of a metric, `method:GET,route:shop,`, found by their labels' values. One is
 * made the first time that its labels come: as many are kept as the metric has series.
 */
export class SeriesKeys {
  readonly #names: readonly string[];
  readonly #sorted: readonly string[];
  readonly #known: Node = new Map();
  /** Labels of the call before this one, and their key: mostly the next has the same. */
  readonly #last: Value[];
  #lastKey: string | undefined;

  /** @param names of all labels that the metric may have */
  constructor(names: readonly string[]) {
    this.#names = names;
    this.#sorted = names.toSorted();
    this.#last = names.map(() => undefined);
  }

  /** @returns undefined of what prom-client has to look at itself: no labels, others than the metric has, or no plain values */
  of(labels: unknown): string | undefined {
    if (typeof labels !== 'object' || labels === null) return undefined;
    const values = labels as Readonly<Record<string, Value>>;
    const names = this.#names;
    let others = 0;
    let isLast = this.#lastKey !== undefined;
    for (const _name in values) others++;
    for (let i = 0; i < names.length; i++) {
      const value = values[names[i] as string];
      if (value !== undefined) others--;
      if (value !== this.#last[i]) isLast = false;
    }
    if (others !== 0) return undefined;
    return isLast ? this.#lastKey : this.#find(values);
  }

  /** The same, by values in the order of the names: one for each. */
  at(a: string, b?: string, c?: string, d?: string, e?: string): string | undefined {
    let found: Node | string | undefined = this.#known.get(a);
    if (b !== undefined) found = (found as Node | undefined)?.get(b);
    if (c !== undefined) found = (found as Node | undefined)?.get(c);
    if (d !== undefined) found = (found as Node | undefined)?.get(d);
    if (e !== undefined) found = (found as Node | undefined)?.get(e);
    return typeof found === 'string' ? found : undefined;
  }

  /** @returns an object of labels; those that have no value are left out */
  labelled(values: readonly (string | undefined)[]): Record<string, string> {
    const labels: Record<string, string> = {};
    for (const [at, name] of this.#names.entries()) {
      const value = values[at];
      if (value !== undefined) labels[name] = value;
    }
    return labels;
  }

  #find(values: Readonly<Record<string, Value>>): string | undefined {
    const names = this.#names;
    const last = names.length - 1;
    let node = this.#known;
    for (let i = 0; i < last; i++) {
      const value = values[names[i] as string];
      if (!isPlain(value)) return undefined;
      let next = node.get(value) as Node | undefined;
      if (next === undefined) {
        next = new Map();
        node.set(value, next);
      }
      node = next;
    }
    const value = values[names[last] as string];
    if (!isPlain(value)) return undefined;
    let key = node.get(value) as string | undefined;
    if (key === undefined) {
      key = this.#keyOf(values);
      node.set(value, key);
    }
    this.#lastKey = key;
    for (let i = 0; i <= last; i++) this.#last[i] = values[names[i] as string];
    return key;
  }

  #keyOf(values: Readonly<Record<string, Value>>): string {
    let key = '';
    for (const name of this.#sorted) if (values[name] !== undefined) key += `${name}:${values[name]},`;
    return key;
  }
}

const isPlain = (value: unknown): boolean =>
  typeof value === 'string' || typeof value === 'number' || value === undefined;
