import { LRUCache } from 'lru-cache';
import type { AnswerCache, CachedAnswer, PurgeSelection } from '../../contracts/cache.ts';
import { isPurged, NO_PURGES, type Purges, withPurge } from './purges.ts';
import { isSelected } from './selection.ts';

/** An answer, or the mark of an address whose answers became wrong. */
type Kept = { readonly route: string } & (
  | { readonly answer: CachedAnswer; readonly mark?: never }
  | { readonly mark: string; readonly answer?: never }
);

/** What an entry costs beside its texts and its body: the objects that hold them, the list it hangs in. */
const OVERHEAD_BYTES = 1024;

/** Answers in this process's memory, of all routes together within one bound; what was not used longest goes first. */
export class MemoryAnswers {
  readonly #kept: LRUCache<string, Kept>;
  #purges: Purges = NO_PURGES;
  #changes = 0;

  /** @param maxBytes of bodies, headers, URLs, tags, keys, and what holds them */
  constructor(maxBytes: number) {
    this.#kept = new LRUCache({
      maxSize: Math.max(1, maxBytes),
      sizeCalculation: ({ answer }, key) => key.length + (answer ? bytesOf(answer) : 0) + OVERHEAD_BYTES,
    });
  }

  /** Bytes in use, as counted above. */
  get bytes(): number {
    return this.#kept.calculatedSize;
  }

  ofRoute(route: string): AnswerCache {
    const at = (key: string): string => `${route} ${key}`;
    const changeAt = (key: string): string => `${route} changed ${key}`;
    return {
      get: (key) => this.#kept.get(at(key))?.answer,
      put: (key, answer, ttlMs) => {
        if (isPurged(this.#purges, route, answer)) return;
        const body = ofItsOwn(answer.body);
        this.#kept.set(at(key), { route, answer: { ...answer, body } }, { ttl: whole(ttlMs) });
      },
      delete: (key) => {
        this.#kept.delete(at(key));
      },
      mark: (key) => this.#kept.get(changeAt(key))?.mark ?? '',
      changed: (key, ttlMs) => {
        this.#kept.set(changeAt(key), { route, mark: String(++this.#changes) }, { ttl: whole(ttlMs) });
      },
    };
  }

  /**
   * @param at wall clock, milliseconds: what was asked for until then and is selected is not kept any more either
   * @returns how many were forgotten
   */
  purge(selection: PurgeSelection, at: number): number {
    this.#purges = withPurge(this.#purges, selection, at);
    let purged = 0;
    for (const [key, { route, answer }] of this.#kept.entries()) {
      if (answer && isSelected(selection, route, answer) && this.#kept.delete(key)) purged++;
    }
    return purged;
  }
}

const whole = (ms: number): number => Math.max(1, Math.ceil(ms));

/** Small buffers are slices of a piece that they share with others, and would hold all of it. */
function ofItsOwn(body: Buffer): Buffer {
  if (body.buffer.byteLength === body.length) return body;
  const own = Buffer.allocUnsafeSlow(body.length);
  body.copy(own);
  return own;
}

/** As characters: headers and URLs have one byte each. */
function bytesOf({ url, tags, headers, varies, body, mark = '' }: CachedAnswer): number {
  let bytes = body.length + url.length + mark.length;
  for (const text of tags) bytes += text.length;
  for (const text of varies) bytes += text.length;
  for (const name in headers) {
    const value = headers[name];
    bytes += name.length;
    for (const text of Array.isArray(value) ? value : [value]) bytes += String(text ?? '').length;
  }
  return bytes;
}
