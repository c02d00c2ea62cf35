const COMMA = ',';

/** Values of a list that stand as they are: they were written before, and need not be written again. */
export class WrittenJson {
  /** With the comma that follows it in a list. */
  readonly bytes: Buffer;

  /** @param values those that stand one behind the other @param before what was written of those before them */
  constructor(values: readonly unknown[], before?: WrittenJson) {
    const bytes = Buffer.from(values.map((value) => JSON.stringify(value) + COMMA).join(''));
    this.bytes = before ? Buffer.concat([before.bytes, bytes]) : bytes;
  }
}

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
