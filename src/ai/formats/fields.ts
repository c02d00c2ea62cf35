import type { JsonObject } from '../../contracts/model-request.ts';
import { GatewayError } from '../../errors/gateway-error.ts';
import { isObject } from '../../lib/json.ts';

/**
 * The fields of one object of a request, read one by one. What nobody has read when it is left was not understood, and
 * is noted by its place: a translation must not lose it. `null` counts as absent.
 */
export class Fields {
  /** Where the object stands: '' for the body, `messages[2]`. */
  readonly at: string;
  readonly #object: JsonObject;
  readonly #unread: Set<string>;
  readonly #uncarried: string[];

  /**
   * @param uncarried takes the places of what was not understood
   * @throws GatewayError `body_invalid` if it is no object
   */
  constructor(value: unknown, at: string, uncarried: string[]) {
    if (!isObject(value)) throw invalid(at, 'an object');
    this.at = at;
    this.#object = value;
    this.#unread = new Set(Object.keys(value).filter((key) => value[key] !== null));
    this.#uncarried = uncarried;
  }

  place(key: string): string {
    return this.at === '' ? key : `${this.at}.${key}`;
  }

  has(key: string): boolean {
    return this.#object[key] !== undefined && this.#object[key] !== null;
  }

  raw(key: string): unknown {
    this.#unread.delete(key);
    return this.#object[key] ?? undefined;
  }

  text(key: string): string | undefined {
    const value = this.raw(key);
    if (value === undefined || typeof value === 'string') return value;
    throw invalid(this.place(key), 'a string');
  }

  /** @throws GatewayError if it is absent */
  needed(key: string): string {
    const value = this.text(key);
    if (value === undefined) throw invalid(this.place(key), 'a string');
    return value;
  }

  number(key: string): number | undefined {
    const value = this.raw(key);
    if (value === undefined || typeof value === 'number') return value;
    throw invalid(this.place(key), 'a number');
  }

  flag(key: string): boolean | undefined {
    const value = this.raw(key);
    if (value === undefined || typeof value === 'boolean') return value;
    throw invalid(this.place(key), 'true or false');
  }

  /** An object that goes on as it is. */
  json(key: string): JsonObject | undefined {
    const value = this.raw(key);
    if (value === undefined || isObject(value)) return value;
    throw invalid(this.place(key), 'an object');
  }

  /** An object that is read as well; the caller leaves it. */
  inner(key: string): Fields | undefined {
    const value = this.raw(key);
    return value === undefined ? undefined : new Fields(value, this.place(key), this.#uncarried);
  }

  /** The values of a list with their places; none if it is absent. */
  list(key: string): { value: unknown; at: string }[] {
    const value = this.raw(key);
    if (value === undefined) return [];
    if (!Array.isArray(value)) throw invalid(this.place(key), 'a list');
    return value.map((each: unknown, i) => ({ value: each, at: `${this.place(key)}[${i}]` }));
  }

  /** The objects of a list. */
  each(key: string): Fields[] {
    return this.list(key).map(({ value, at }) => new Fields(value, at, this.#uncarried));
  }

  /** What the objects of a list are read as; undefined if that is nothing: an empty list asks for nothing. */
  some<T>(key: string, read: (each: Fields) => T[]): T[] | undefined {
    const all = this.each(key).flatMap((each) => read(each));
    return all.length > 0 ? all : undefined;
  }

  /** Passes over a field whose value asks for nothing. */
  passOver(key: string, ...values: readonly unknown[]): void {
    if (values.includes(this.#object[key])) this.#unread.delete(key);
  }

  /** What a field says has no place in the neutral form. */
  giveUpOn(key: string): void {
    this.#unread.delete(key);
    this.#uncarried.push(this.place(key));
  }

  /** The object as a whole has no place in the neutral form. */
  giveUp(): void {
    this.#unread.clear();
    this.#uncarried.push(this.at);
  }

  /** Notes what was not read. */
  leave(): void {
    for (const key of this.#unread) this.#uncarried.push(this.place(key));
  }
}

function invalid(at: string, what: string): GatewayError {
  const place = at === '' ? 'The body' : at;
  return new GatewayError('body_invalid', {
    ...(at !== '' && { param: at }),
    detail: `${place} must be ${what}.`,
  });
}
