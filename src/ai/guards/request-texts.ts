import type { RequestText } from '../../contracts/guard.ts';
import { type DataUrl, formatDataUrl, parseDataUrl } from '../../lib/data-url.ts';
import { isObject, objectOf } from '../../lib/json.ts';

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
  'functions',
  'prediction',
];
/** Who says what a field holds, if not the user: what a tool is said to be may come from whoever offers it. */
const ROLES: Readonly<Record<string, string>> = {
  system: 'system',
  instructions: 'system',
  tools: 'tool',
  functions: 'tool',
};
/** Keys whose values are form, or bytes: everything else is taken for text, so that a new kind of part is not missed. */
const FORM: ReadonlySet<string> = new Set([
  ...['type', 'role', 'id', 'call_id', 'tool_call_id', 'tool_use_id', 'name', 'status', 'object'],
  ...['signature', 'encrypted_content', 'data', 'file_data', 'file_id', 'url', 'image_url', 'media_type'],
  ...['format', 'detail', 'cache_control'],
]);
/** Keys below which everything is somebody's data, whatever it is called: a `name` there is a person's. */
const DATA: ReadonlySet<string> = new Set(['documents', 'variables', 'arguments', 'input_examples']);
/** Keys below which there is a JSON Schema, */
const SCHEMAS: ReadonlySet<string> = new Set(['parameters', 'input_schema']);
/** and what a model reads of one as a text; below the others of these stand values of any form. */
const SCHEMA_TEXTS: ReadonlySet<string> = new Set(['description', 'title']);
const SCHEMA_VALUES: ReadonlySet<string> = new Set(['default', 'const', 'enum', 'examples']);
type Container = { [key: string]: unknown };
type Reading = 'said' | 'data' | 'schema';

/** Every text of a parsed request. Setting one changes the request. */
export function requestTexts(body: Container): RequestText[] {
  const texts: RequestText[] = [];
  for (const field of SAID) {
    collect(body, field, { role: ROLES[field] ?? 'user', reading: 'said' }, texts);
  }
  for (const format of answerFormats(body))
    for (const field of ['description', 'schema'])
      collect(format, field, { role: '', reading: 'schema' }, texts);
  return texts;
}

/** Every text of a field that holds somebody's data, under whatever keys. Setting one changes it there. */
export function dataTexts(body: Container, field: string): RequestText[] {
  const texts: RequestText[] = [];
  collect(body, field, { role: '', reading: 'data' }, texts);
  return texts;
}

/** Where a request says of what form its answer shall be, in whichever format. */
function answerFormats(body: Container): Container[] {
  const { response_format: format, output_format: former } = body;
  const places = [format, objectOf(format).json_schema, objectOf(body.text).format];
  return [...places, objectOf(body.output_config).format, former].filter(isObject);
}

/** Without recursion: JSON can be nested deeper than the stack is. */
function collect(
  body: Container,
  field: string,
  from: { role: string; reading: Reading },
  texts: RequestText[],
): void {
  const open = [{ container: body, key: field, ...from }];
  for (let at = open.pop(); at; at = open.pop()) {
    const { container, key } = at;
    const value = container[key];
    if (typeof value === 'string' && (at.reading !== 'schema' || isSchemaText(key)))
      texts.push(placeOf(container, key, at.role, value));
    if (typeof value !== 'object' || value === null) continue;
    const inner = value as Container;
    const isSaid = at.reading === 'said';
    const role = !isSaid || typeof inner.role !== 'string' ? roleOfItem(inner, at.role) : inner.role;
    const reading = readingOf(at);
    const keys =
      reading !== 'said' || Array.isArray(value)
        ? Object.keys(value)
        : Object.keys(value).filter((each) => !FORM.has(each) || holdsText(inner, each));
    for (const each of keys.reverse()) open.push({ container: inner, key: each, role, reading });
  }
}

const isSchemaText = (key: string): boolean => SCHEMA_TEXTS.has(key) || SCHEMA_VALUES.has(key);

/** How what is below a key is to be read. */
function readingOf(at: { container: Container; key: string; reading: Reading }): Reading {
  const { container, key, reading } = at;
  if (reading === 'schema') return SCHEMA_VALUES.has(key) ? 'data' : 'schema';
  if (reading === 'data' || DATA.has(key) || (key === 'input' && container.type === 'tool_use'))
    return 'data';
  return SCHEMAS.has(key) ? 'schema' : 'said';
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
