import { child, isMap, type Path } from './path.ts';

/**
 * A value of the configuration together with the way to it. Reading through it never fails: what is missing or of
 * another type holds nothing. So the checks also run over a file that the schema has complaints about, and the reader
 * hears of everything at once.
 */
export class Part {
  readonly value: unknown;
  readonly path: Path;

  constructor(value: unknown, path: Path = []) {
    this.value = value;
    this.path = path;
  }

  get(...keys: readonly (string | number)[]): Part {
    return new Part(keys.reduce(child, this.value), [...this.path, ...keys]);
  }

  get isWritten(): boolean {
    return this.value !== undefined;
  }

  get text(): string | undefined {
    return typeof this.value === 'string' ? this.value : undefined;
  }

  get number(): number | undefined {
    return typeof this.value === 'number' ? this.value : undefined;
  }

  /** The entries of a list. */
  get items(): Part[] {
    return Array.isArray(this.value) ? this.value.map((_, index) => this.get(index)) : [];
  }

  /** The keys of a map. */
  get keys(): string[] {
    return isMap(this.value) ? Object.keys(this.value) : [];
  }

  /** The entries of a map. */
  get entries(): [string, Part][] {
    return this.keys.map((key) => [key, this.get(key)]);
  }

  has(key: string): boolean {
    return isMap(this.value) && Object.hasOwn(this.value, key);
  }
}
