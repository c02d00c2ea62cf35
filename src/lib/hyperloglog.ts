/** Registers: 2^10, an error of 3 %. */
const BITS = 10;
const REGISTERS = 1 << BITS;
/** Up to so many are counted exactly. */
const EXACT = 256;

/** How many different things there were (Flajolet et al. 2007), in 1 kB at most: exact for few, within 3 % for many. */
export class HyperLogLog {
  #exact: Set<number> | undefined = new Set();
  #registers: Uint8Array | undefined;

  /** @param hash of the thing: 32 bits, well mixed or not */
  add(hash: number): void {
    if (this.#exact) {
      this.#exact.add(hash);
      if (this.#exact.size > EXACT) this.#toRegisters();
      return;
    }
    this.#note(hash);
  }

  get count(): number {
    if (this.#exact) return this.#exact.size;
    let sum = 0;
    let empty = 0;
    for (const register of this.#registers as Uint8Array) {
      sum += 2 ** -register;
      if (register === 0) empty++;
    }
    const raw = ((0.7213 / (1 + 1.079 / REGISTERS)) * REGISTERS ** 2) / sum;
    const isSmall = raw <= 2.5 * REGISTERS && empty > 0;
    return Math.round(isSmall ? REGISTERS * Math.log(REGISTERS / empty) : raw);
  }

  /** What both have met. */
  merge(other: HyperLogLog): void {
    if (other.#exact) {
      for (const hash of other.#exact) this.add(hash);
      return;
    }
    if (this.#exact) this.#toRegisters();
    const mine = this.#registers as Uint8Array;
    for (const [at, register] of (other.#registers as Uint8Array).entries())
      if (register > (mine[at] as number)) mine[at] = register;
  }

  /** As plain data, to be told to another process. */
  get state(): readonly number[] | string {
    return this.#exact ? [...this.#exact] : Buffer.from(this.#registers as Uint8Array).toString('base64');
  }

  /** What had been met by one whose `state` this is. Anything else is ignored. */
  static of(state: unknown): HyperLogLog {
    const made = new HyperLogLog();
    if (Array.isArray(state)) for (const hash of state) made.add(Number(hash) | 0);
    else if (typeof state === 'string') {
      const registers = Buffer.from(state, 'base64');
      if (registers.length !== REGISTERS) return made;
      made.#exact = undefined;
      made.#registers = Uint8Array.from(registers);
    }
    return made;
  }

  #toRegisters(): void {
    const exact = this.#exact as Set<number>;
    this.#exact = undefined;
    this.#registers = new Uint8Array(REGISTERS);
    for (const hash of exact) this.#note(hash);
  }

  #note(hash: number): void {
    const mixed = finalised(hash);
    const at = mixed >>> (32 - BITS);
    const rank = Math.min(32 - BITS, Math.clz32(mixed << BITS)) + 1;
    const registers = this.#registers as Uint8Array;
    if (rank > (registers[at] as number)) registers[at] = rank;
  }
}

/** MurmurHash3's finaliser: every bit of the input moves half of the output's. */
function finalised(hash: number): number {
  let h = hash;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}
