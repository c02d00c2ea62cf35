/** JSON that stands as it is: it was written before, and is worth more than to be written again. */
export class WrittenJson {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

/** An object as JSON, of which one list may hold what was written before: that list stands last. */
export function writeJson(value: Readonly<Record<string, unknown>>, key: string): string {
  const { [key]: list, ...others } = value;
  if (!Array.isArray(list) || !list.some((each) => each instanceof WrittenJson)) return JSON.stringify(value);
  const head = JSON.stringify(others).slice(0, -1);
  const items = list.map((each: unknown) => (each instanceof WrittenJson ? each.text : JSON.stringify(each)));
  return `${head}${head.length > 1 ? ',' : ''}${JSON.stringify(key)}:[${items.join(',')}]}`;
}
