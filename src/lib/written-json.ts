const COMMA = ',';

/** Values of a list that stand as they are: they were written before, and need not be written again. */
export class WrittenJson {
  /** With the comma that follows it in a list. */
  readonly bytes: Buffer;
  readonly #room: Room;

  /** @param values those that stand one behind the other @param before what was written of those before them */
  constructor(values: readonly unknown[], before?: WrittenJson) {
    const added = Buffer.from(values.map((value) => JSON.stringify(value) + COMMA).join(''));
    const start = before?.bytes.length ?? 0;
    const end = start + added.length;
    const isFree = before && before.#room.used === start && end <= before.#room.buffer.length;
    this.#room = isFree ? before.#room : { buffer: Buffer.allocUnsafe(before ? end * SPARE : end), used: 0 };
    if (before && !isFree) before.bytes.copy(this.#room.buffer);
    added.copy(this.#room.buffer, start);
    this.#room.used = end;
    this.bytes = this.#room.buffer.subarray(0, end);
  }
}

/** What is written behind `used` changes nothing for who has what stands before it: a list that grows is not copied each time. */
interface Room {
  readonly buffer: Buffer;
  used: number;
}

/** Times what is there: so much room a list gets that has begun to grow. */
const SPARE = 1.25;

/** An object as JSON, of which one list may hold what was written before: that list stands last. */
export function writeJson(value: Readonly<Record<string, unknown>>, key: string): Buffer {
  const { [key]: list, ...others } = value;
  if (!Array.isArray(list) || !list.some((each) => each instanceof WrittenJson))
    return Buffer.from(JSON.stringify(value));
  const head = JSON.stringify(others).slice(0, -1);
  const pieces: Buffer[] = [Buffer.from(`${head}${head.length > 1 ? COMMA : ''}${JSON.stringify(key)}:[`)];
  for (const each of list as readonly unknown[])
    pieces.push(each instanceof WrittenJson ? each.bytes : Buffer.from(JSON.stringify(each) + COMMA));
  const last = pieces.pop() as Buffer;
  return Buffer.concat([...pieces, last.subarray(0, -COMMA.length), Buffer.from(']}')]);
}
