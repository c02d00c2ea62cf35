import type { RequestText } from '../../contracts/guard.ts';
import { type DataUrl, formatDataUrl, parseDataUrl } from '../../lib/data-url.ts';

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
/** Keys below which everything is somebody's data, whatever it is called: a `name` there is a person's. */
const DATA: ReadonlySet<string> = new Set(['documents', 'variables', 'arguments']);
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
    if (typeof value === 'string') texts.push(placeOf(container, key, at.role, value));
    if (typeof value !== 'object' || value === null) continue;
    const inner = value as Container;
    const speaker = typeof inner.role === 'string' ? inner.role : roleOfItem(inner, at.role);
    const isData = at.isData || DATA.has(key) || (key === 'input' && container.type === 'tool_use');
    const keys =
      isData || Array.isArray(value)
        ? Object.keys(value)
        : Object.keys(value).filter((each) => !FORM.has(each) || holdsText(inner, each));
    for (const each of keys.reverse()) open.push({ container: inner, key: each, role: speaker, isData });
  }
}

/** What is form elsewhere, or bytes, and a text here: a document of Anthropic's that is one, and a file of OpenAI's. */
function holdsText(container: Container, key: string): boolean {
  if (key === 'data') return container.type === 'text';
  return key === 'file_data' && textFileOf(container[key]) !== undefined;
}

function textFileOf(value: unknown): DataUrl | undefined {
  const file = typeof value === 'string' ? parseDataUrl(value) : undefined;
  return file && TEXTS.test(file.mediaType) ? file : undefined;
}

const TEXTS = /^(?:text\/|application\/(?:json|xml|yaml|x-yaml)\b)/i;

/** Results of tools come as the user's in some formats. */
function roleOfItem({ type }: Container, role: string): string {
  return type === 'tool_result' || type === 'function_call_output' ? 'tool' : role;
}

function placeOf(container: Container, key: string, role: string, value: string): RequestText {
  const file = key === 'file_data' ? textFileOf(value) : undefined;
  return file ? new FilePlace(container, key, role, file) : new Place(container, key, role);
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

/** A text in a `data:` URL. Its bytes stay what they are as long as nobody changes it. */
class FilePlace implements RequestText {
  readonly role: string;
  readonly #place: Place;
  readonly #mediaType: string;
  #text: string;

  constructor(container: Container, key: string, role: string, { mediaType, data }: DataUrl) {
    this.role = role;
    this.#place = new Place(container, key, role);
    this.#mediaType = mediaType;
    this.#text = Buffer.from(data, 'base64').toString('utf8');
  }

  get text(): string {
    return this.#text;
  }

  set text(text: string) {
    if (text === this.#text) return;
    this.#text = text;
    const data = Buffer.from(text).toString('base64');
    this.#place.text = formatDataUrl({ mediaType: this.#mediaType, data });
  }
}
