import { LRUCache } from 'lru-cache';

interface Asked {
  readonly like: string;
  readonly vector: Float32Array;
  readonly numbers: string;
  /** Of its answer. */
  readonly key: string;
}

/** A question that is looked for: its vector, of length 1, and the numbers in it. */
export interface Question {
  readonly like: string;
  readonly vector: Float32Array;
  readonly numbers: string;
}

/** What an entry takes beside its vector. */
const OVERHEAD_BYTES = 512;

/**
 * Questions that have been answered, by what they mean. Of one kind (`like`) all are compared: they are as many as fit
 * into memory. Lives as long as the process and belongs to it: another replica learns its own.
 */
export class Questions {
  readonly #kept: LRUCache<string, Asked>;
  /** Keys of answers by kind. */
  readonly #kinds = new Map<string, Set<string>>();

  /** @param maxBytes of vectors and what holds them */
  constructor(maxBytes: number) {
    this.#kept = new LRUCache({
      maxSize: Math.max(1, maxBytes),
      sizeCalculation: ({ vector }) => vector.byteLength + OVERHEAD_BYTES,
      dispose: ({ like, key }) => this.#forget(like, key),
    });
  }

  add({ like, vector, numbers }: Question, key: string): void {
    this.#kept.set(key, { like, vector, numbers, key });
    if (!this.#kept.has(key)) return;
    const kind = this.#kinds.get(like) ?? new Set();
    this.#kinds.set(like, kind.add(key));
  }

  /** @returns the key of the answer to the likest question; undefined: none is like it */
  find(
    { like, vector, numbers }: Question,
    threshold: number,
  ): { key: string; likeness: number } | undefined {
    let best: { key: string; likeness: number } | undefined;
    for (const key of this.#kinds.get(like) ?? []) {
      const asked = this.#kept.peek(key);
      if (!asked || asked.numbers !== numbers) continue;
      const likeness = dot(asked.vector, vector);
      if (likeness >= threshold && likeness > (best?.likeness ?? 0)) best = { key, likeness };
    }
    // Used: what is not goes first.
    if (best) this.#kept.get(best.key);
    return best;
  }

  /** Its answer is gone. */
  delete(key: string): void {
    this.#kept.delete(key);
  }

  #forget(like: string, key: string): void {
    const kind = this.#kinds.get(like);
    kind?.delete(key);
    if (kind?.size === 0) this.#kinds.delete(like);
  }
}

/** The numbers in a text: questions that differ in one have other answers, however alike they sound. */
export const numbersIn = (text: string): string => (text.match(/\d+(?:[.,]\d+)*/g) ?? []).join(' ');

/** @returns undefined if it is no direction */
export function unitVector(vector: readonly number[] | string | undefined): Float32Array | undefined {
  if (vector === undefined) return undefined;
  const numbers = typeof vector === 'string' ? floatsOf(vector) : Float32Array.from(vector);
  const length = Math.sqrt(dot(numbers, numbers));
  return length > 0 && Number.isFinite(length) ? numbers.map((value) => value / length) : undefined;
}

/** Base64 of little-endian 32-bit floats. */
function floatsOf(text: string): Float32Array {
  const bytes = Buffer.from(text, 'base64');
  return Float32Array.from({ length: Math.floor(bytes.length / 4) }, (_, at) => bytes.readFloatLE(4 * at));
}

/** 0 of vectors of different lengths: another model made one of them. */
function dot(a: Float32Array, b: Float32Array): number {
  if (a.length !== b.length) return 0;
  let sum = 0;
  for (let at = 0; at < a.length; at++) sum += (a[at] as number) * (b[at] as number);
  return sum;
}
