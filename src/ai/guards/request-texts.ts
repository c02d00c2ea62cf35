import type { RequestText } from '../../contracts/guard.ts';

/** The fields of a request that hold what is said, in whichever format. */
const SAID = [
  'system',
  'instructions',
  'messages',
  'input',
  'prompt',
  'query',
  'documents',
  'tools',
  'prediction',
];
/** Keys whose values are form, or bytes: everything else is taken for text, so that a new kind of part is not missed. */
const FORM: ReadonlySet<string> = new Set([
  ...['type', 'role', 'id', 'call_id', 'tool_call_id', 'tool_use_id', 'name', 'status', 'object'],
  ...['signature', 'encrypted_content', 'data', 'file_data', 'file_id', 'url', 'image_url', 'media_type'],
  ...['format', 'detail', 'cache_control', 'parameters', 'input_schema'],
]);
type Container = { [key: string]: unknown };

/** Every text of a parsed request. Setting one changes the request. */
export function requestTexts(body: Container): RequestText[] {
  const texts: RequestText[] = [];
  for (const field of SAID) {
    const role = field === 'system' || field === 'instructions' ? 'system' : field === 'tools' ? '' : 'user';
    collect(body, field, role, texts);
  }
  return texts;
}

/** Without recursion: JSON can be nested deeper than the stack is. */
function collect(body: Container, field: string, role: string, texts: RequestText[]): void {
  const open: { container: Container; key: string; role: string; isData: boolean }[] = [
    { container: body, key: field, role, isData: false },
  ];
  for (let at = open.pop(); at; at = open.pop()) {
    const { container, key } = at;
    const value = container[key];
    if (typeof value === 'string') texts.push(new Place(container, key, at.role));
    if (typeof value !== 'object' || value === null) continue;
    const inner = value as Container;
    const speaker = typeof inner.role === 'string' ? inner.role : roleOfItem(inner, at.role);
    // The arguments of a call are data of any kind: a `name` in it is somebody's.
    const isData = at.isData || (key === 'input' && container.type === 'tool_use');
    const keys =
      isData || Array.isArray(value)
        ? Object.keys(value)
        : Object.keys(value).filter((each) => !FORM.has(each));
    for (const each of keys.reverse()) open.push({ container: inner, key: each, role: speaker, isData });
  }
}

/** Results of tools come as the user's in some formats. */
function roleOfItem({ type }: Container, role: string): string {
  return type === 'tool_result' || type === 'function_call_output' ? 'tool' : role;
}

class Place implements RequestText {
  readonly role: string;
  readonly #container: Container;
  readonly #key: string;

  constructor(container: Container, key: string, role: string) {
    this.#container = container;
    this.#key = key;
    this.role = role;
  }

  get text(): string {
    return this.#container[this.#key] as string;
  }

  set text(text: string) {
    this.#container[this.#key] = text;
  }
}
