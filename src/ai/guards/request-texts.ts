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
/** Keys at which there is what a model has thought. */
const THOUGHTS: ReadonlySet<string> = new Set([
  'thinking',
  'reasoning',
  'reasoning_content',
  'reasoning_details',
]);
/** Keys below which there is a JSON Schema, */
const SCHEMAS: ReadonlySet<string> = new Set(['parameters', 'input_schema']);
/** and what a model reads of one as a text; below the others of these stand values of any form. */
const SCHEMA_TEXTS: ReadonlySet<string> = new Set(['description', 'title']);
const SCHEMA_VALUES: ReadonlySet<string> = new Set(['default', 'const', 'enum', 'examples']);
type Container = { [key: string]: unknown };
type Reading = 'said' | 'thought' | 'data' | 'schema';

/** Where a value stands, who says it, and how it is to be read. */
interface Place {
  readonly container: Container;
  readonly key: string;
  readonly role: string;
  readonly reading: Reading;
}

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
  from: Pick<Place, 'role' | 'reading'>,
  texts: RequestText[],
): void {
  const open: Place[] = [{ container: body, key: field, ...from }];
  for (let at = open.pop(); at; at = open.pop()) {
    const { container, key } = at;
    const value = container[key];
    if (typeof value === 'string' && (at.reading !== 'schema' || isSchemaText(key)))
      texts.push(textOf(at, value));
    if (typeof value !== 'object' || value === null) continue;
    const inner = value as Container;
    const isForm = at.reading === 'said' || at.reading === 'thought';
    const role = !isForm || typeof inner.role !== 'string' ? roleOfItem(inner, at.role) : inner.role;
    const reading = readingOf(at, inner);
    const keys =
      reading === 'data' || reading === 'schema' || Array.isArray(value)
        ? Object.keys(value)
        : Object.keys(value).filter((each) => !FORM.has(each) || holdsText(inner, each));
    for (const each of keys.reverse()) open.push({ container: inner, key: each, role, reading });
  }
}

/** A thought that its provider has signed, as Anthropic writes it, or OpenRouter. */
const isSigned = ({ type, signature }: Container, key: string): boolean =>
  typeof signature === 'string' &&
  signature !== '' &&
  ((key === 'thinking' && type === 'thinking') || (key === 'text' && type === 'reasoning.text'));

const isSchemaText = (key: string): boolean => SCHEMA_TEXTS.has(key) || SCHEMA_VALUES.has(key);

/** How what is below a key is to be read. */
function readingOf(at: Place, value: Container): Reading {
  const { container, key, reading } = at;
  if (reading === 'schema') return SCHEMA_VALUES.has(key) ? 'data' : 'schema';
  if (reading === 'data' || DATA.has(key) || (key === 'input' && container.type === 'tool_use'))
    return 'data';
  if (SCHEMAS.has(key)) return 'schema';
  // An item of OpenAI's responses is one as a whole.
  return isThought(at) || value.type === 'reasoning' ? 'thought' : 'said';
}

const isThought = ({ key, reading }: Pick<Place, 'key' | 'reading'>): boolean =>
  reading === 'thought' || (reading === 'said' && THOUGHTS.has(key));

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

function textOf(at: Place, value: string): RequestText {
  const { container, key, role } = at;
  if (isThought(at) && isSigned(container, key)) return new SignedText(role, value);
  const file = key === 'file_data' ? textFileOf(value) : undefined;
  return file ? new FileText(at, file) : new PlacedText(at);
}

class PlacedText implements RequestText {
  readonly #at: Place;

  constructor(at: Place) {
    this.#at = at;
  }

  get role(): string {
    return this.#at.role;
  }

  get isThought(): boolean {
    return isThought(this.#at);
  }

  get text(): string {
    return this.#at.container[this.#at.key] as string;
  }

  set text(text: string) {
    this.#at.container[this.#at.key] = text;
  }
}

/** It is refused if it is not as it was signed; whoever has signed it knows it. */
class SignedText implements RequestText {
  readonly role: string;
  readonly isThought = true;
  readonly #text: string;

  constructor(role: string, text: string) {
    this.role = role;
    this.#text = text;
  }

  get text(): string {
    return this.#text;
  }

  set text(_text: string) {
    // Stays as it is.
  }
}

/** A text in a `data:` URL. Its bytes stay what they are as long as nobody changes it. */
class FileText implements RequestText {
  readonly role: string;
  readonly isThought = false;
  readonly #place: PlacedText;
  readonly #mediaType: string;
  #text: string;

  constructor(at: Place, { mediaType, data }: DataUrl) {
    this.role = at.role;
    this.#place = new PlacedText(at);
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
