import type { RequestText } from '../../contracts/guard.ts';
import { isObject, objectOf } from '../../lib/json.ts';
import { CALL_ITEMS } from '../call-items.ts';
import { readSeal, UNSIGNED } from '../seal.ts';
import { type FileText, fileTextIn, mayHoldText } from './file-text.ts';
import { jsonStrings } from './json-strings.ts';
import type { KeptEntries, KeptWords } from './kept-words.ts';
import { placeOf, type RecalledPlace, recalledTexts } from './recalled-texts.ts';
import { refuseTwins } from './twin-keys.ts';

/** The fields of a request that hold what is said, in whichever format. */
export const SAID: readonly string[] = [
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

/** Where a value stands, who says it, and how it is to be read. */
interface Place {
  readonly container: Container;
  readonly key: string;
  /** Where the container stands; undefined: it is the request, or a part of it that is no list of what is said. */
  readonly within: Place | undefined;
  readonly role: string;
  readonly reading: Reading;
  readonly isKept: boolean;
}

/**
 * Every text of a parsed request. Setting one changes the request.
 * @param kept nothing if absent
 * @throws GatewayError `body_invalid` where it can't be known who says something
 */
export function requestTexts(body: Container, kept?: KeptWords): RequestText[] {
  const texts: RequestText[] = [];
  const recalled = placeOf(body, kept?.recalled);
  for (const field of SAID) {
    const role = ROLES[field] ?? 'user';
    const entries = kept?.entries.find((each) => each.field === field);
    collect({ ...TOP, container: body, key: field, role, reading: 'said' }, texts, entries, recalled);
  }
  for (const format of answerFormats(body))
    for (const key of ['description', 'schema'])
      collect({ ...TOP, container: format, key, role: '', reading: 'schema' }, texts);
  return texts;
}

const TOP = { within: undefined, isKept: false } as const;

/** Every text of a field that holds somebody's data, under whatever keys. Setting one changes it there. */
export function dataTexts(body: Container, field: string): RequestText[] {
  const texts: RequestText[] = [];
  collect({ ...TOP, container: body, key: field, role: '', reading: 'data' }, texts);
  return texts;
}

/** Every text of an event of an answer that nobody here knows. Setting one changes it there. */
export function eventTexts(event: Container): RequestText[] {
  const texts: RequestText[] = [];
  collect({ ...TOP, container: { event }, key: 'event', role: '', reading: 'said' }, texts);
  return texts;
}

/** Where a request says of what form its answer shall be, in whichever format. */
function answerFormats(body: Container): Container[] {
  const { response_format: format, output_format: former } = body;
  const places = [format, objectOf(format).json_schema, objectOf(body.text).format];
  return [...places, objectOf(body.output_config).format, former].filter(isObject);
}

/** Without recursion: JSON can be nested deeper than the stack is. */
function collect(from: Place, texts: RequestText[], kept?: KeptEntries, recalled?: RecalledPlace): void {
  const open: Place[] = [from];
  for (let at = open.pop(); at; at = open.pop()) {
    const { container, key } = at;
    const value = container[key];
    if (typeof value === 'string' && (at.reading !== 'schema' || isSchemaText(key)))
      for (const text of textsOf(at, value, recalled)) texts.push(text);
    if (typeof value !== 'object' || value === null) continue;
    const inner = value as Container;
    const role = roleOf(at, inner, from);
    const reading = readingOf(at);
    // Of what nobody asks, such as an event of an answer, nobody is named.
    if (from.role !== '' && reading === 'said' && !Array.isArray(value)) refuseTwins(inner);
    const keys =
      reading !== 'said' || Array.isArray(value)
        ? Object.keys(value)
        : Object.keys(value).filter((each) => isSaid(inner, each));
    for (const each of keys.reverse()) {
      const isKept = at === from ? isAmong(kept, value, Number(each)) : at.isKept;
      open.push({ container: inner, key: each, within: at, role, reading, isKept });
    }
  }
}

const isAmong = (kept: KeptEntries | undefined, list: object, at: number): boolean =>
  kept !== undefined && Array.isArray(list) && at >= kept.before && at < list.length - kept.behind;

/** A thought with its provider's signature: as Anthropic writes it, OpenRouter, or this gateway in the form of responses. */
function isSigned({ type, signature, encrypted_content: sealed }: Container): boolean {
  if (type === 'thinking' || type === 'reasoning.text')
    return typeof signature === 'string' && signature !== '' && signature !== UNSIGNED;
  return (
    type === 'reasoning' &&
    typeof sealed === 'string' &&
    readSeal(sealed, 'openai', 'opaque').signature !== undefined
  );
}

/** Levels that a text of a thought is below it, at most: in a part of its summary. */
const BELOW_A_THOUGHT = 3;

/** Where the signed thought stands that a text is of; undefined: it is of none. */
function signedThoughtOf(at: Place): Place | undefined {
  if (at.reading !== 'said') return undefined;
  let { within } = at;
  for (let level = 0; within && level < BELOW_A_THOUGHT; level++, within = within.within)
    if (isSigned(within.container[within.key] as Container)) return within;
  return undefined;
}

const isSchemaText = (key: string): boolean => SCHEMA_TEXTS.has(key) || SCHEMA_VALUES.has(key);

/** How what is below a key is to be read. */
function readingOf({ container, key, reading }: Place): Reading {
  if (reading === 'schema') return SCHEMA_VALUES.has(key) ? 'data' : 'schema';
  if (reading === 'data' || DATA.has(key) || (key === 'input' && container.type === 'tool_use'))
    return 'data';
  return SCHEMAS.has(key) ? 'schema' : 'said';
}

/** A picture that a model of OpenAI's made stands where a tool of somebody's may say something. */
function isSaid(container: Container, key: string): boolean {
  if (key === 'result') return container.type !== 'image_generation_call';
  return !FORM.has(key) || mayHoldText(container, key);
}

/** Whose entries say themselves who speaks. */
const SPEAKERS: ReadonlySet<string> = new Set(['messages', 'input']);
/** Come as the user's in some formats. */
const RESULTS: ReadonlySet<unknown> = new Set([
  'tool_result',
  ...[...CALL_ITEMS].map((type) => `${type}_output`),
]);
/** Items of OpenAI's responses, which have no role. */
const OF_ASSISTANT: ReadonlySet<unknown> = new Set([...CALL_ITEMS, 'reasoning']);

/** Who says what is in there. A message says it for all of it: what a tool has brought may call itself anything. */
function roleOf(at: Place, { role, type }: Container, list: Place): string {
  if (at.reading !== 'said') return at.role;
  if (RESULTS.has(type)) return 'tool';
  if (at.within !== list || !SPEAKERS.has(list.key)) return at.role;
  if (typeof role === 'string') return role;
  return OF_ASSISTANT.has(type) ? 'assistant' : at.role;
}

/** More than one where the gateway has put other speakers' words behind it. */
function textsOf(at: Place, value: string, recalled: RecalledPlace | undefined): readonly RequestText[] {
  const isThere = recalled?.container === at.container && recalled.key === at.key;
  const texts = isThere ? recalledTexts(recalled, at.role) : undefined;
  if (texts) return texts;
  const thought = signedThoughtOf(at);
  if (thought) return [new SignedText(at, thought, value)];
  const file = at.reading === 'said' ? fileTextIn(at.container, at.key) : undefined;
  if (file) return file === 'none' ? [] : [new PlacedFile(at, file)];
  const text = new PlacedText(at);
  // OpenAI's formats hold the arguments of a call as JSON.
  const isCall = at.reading === 'said' && at.key === 'arguments';
  return (isCall && jsonStrings(text)) || [text];
}

class PlacedText implements RequestText {
  readonly #at: Place;

  constructor(at: Place) {
    this.#at = at;
  }

  get role(): string {
    return this.#at.role;
  }

  get isKept(): boolean {
    return this.#at.isKept;
  }

  get text(): string {
    return this.#at.container[this.#at.key] as string;
  }

  set text(text: string) {
    this.#at.container[this.#at.key] = text;
  }
}

/**
 * As other words it would be refused by who has signed it. One that is kept stays: it goes to nobody else, who has thought it. Any
 * other is left out.
 */
export class SignedText implements RequestText {
  readonly role: string;
  readonly isKept: boolean;
  readonly #thought: Place;
  #text: string;
  #isLeftOut = false;

  constructor({ role, isKept }: Place, thought: Place, text: string) {
    this.role = role;
    this.isKept = isKept;
    this.#thought = thought;
    this.#text = text;
  }

  get text(): string {
    return this.#text;
  }

  set text(text: string) {
    if (this.isKept || text === this.#text) return;
    this.#text = text;
    this.#isLeftOut = true;
  }

  /** Where the thought stands that is to go; undefined: it may stay. */
  get leftOut(): Place | undefined {
    return this.#isLeftOut ? this.#thought : undefined;
  }
}

/** Takes thoughts out that guards have changed: after all of them, since texts beside them are found by their places. */
export function leaveOut(texts: readonly RequestText[]): void {
  const thoughts = texts.flatMap((each) => (each instanceof SignedText ? (each.leftOut ?? []) : []));
  const gone = new Set(thoughts.map(({ container, key }) => container[key]));
  for (const { container: list, within: content } of thoughts) {
    remove(list, (each) => gone.has(each));
    const message = content?.within;
    if (message && content.key === 'content' && Array.isArray(list) && list.length === 0)
      remove(message.container, (each) => each === content.container);
  }
}

function remove(list: unknown, isGone: (entry: unknown) => boolean): void {
  if (!Array.isArray(list)) return;
  const rest = list.filter((each) => !isGone(each));
  list.splice(0, list.length, ...rest);
}

/** Its bytes stay what they are as long as nobody changes it. */
class PlacedFile implements RequestText {
  readonly role: string;
  readonly isKept: boolean;
  readonly #place: PlacedText;
  readonly #file: FileText;
  #text: string;

  constructor(at: Place, file: FileText) {
    this.role = at.role;
    this.isKept = at.isKept;
    this.#place = new PlacedText(at);
    this.#file = file;
    this.#text = file.text;
  }

  get text(): string {
    return this.#text;
  }

  set text(text: string) {
    if (text === this.#text) return;
    this.#text = text;
    this.#place.text = this.#file.with(text);
  }
}
