/** What may stand at a place of the config, by its JSON Schema. */

/** The keywords that are read of it. */
export interface Schema {
  readonly type?: string | readonly string[];
  readonly description?: string;
  readonly default?: unknown;
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly examples?: readonly unknown[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly patternProperties?: Readonly<Record<string, Schema>>;
  readonly additionalProperties?: boolean | Schema;
  readonly items?: Schema;
  readonly anyOf?: readonly Schema[];
  readonly oneOf?: readonly Schema[];
  readonly allOf?: readonly Schema[];
}

export interface Completion {
  /** Where in the text it begins that is replaced up to the caret. */
  readonly from: number;
  readonly choices: readonly { readonly label: string; readonly insert: string; readonly what: string }[];
}

/** A step into a list, among the keys of a path. */
const ITEM = '[]';
const LINE = /^( *)((?:- +)*)(?:(["']?)([\w.*/@ -]*?)\3:(?: +(.*))?)?$/;
/** Choices that are shown. */
const MOST = 60;

/** @param caret an offset in the text, which is YAML in block style */
export function complete(text: string, caret: number, schema: Schema): Completion {
  const before = text.slice(0, caret).split('\n');
  const line = before.pop() ?? '';
  const value = /^( *)((?:- +)*)([\w.*/@-]+): +([^#]*)$/.exec(line);
  if (value) {
    const [, spaces = '', dashes = '', key = '', typed = ''] = value;
    const path = [...pathTo(before, spaces.length, dashes), key];
    return matching(caret, typed, valuesOf(at(schema, path)));
  }
  const [, spaces = '', dashes = '', typed = ''] = /^( *)((?:- +)*)([\w.-]*)$/.exec(line) ?? [];
  if (line !== spaces + dashes + typed) return { from: caret, choices: [] };
  const here = at(schema, pathTo(before, spaces.length, dashes));
  const indent = ' '.repeat(spaces.length + dashes.length);
  return matching(caret, typed, [...keysOf(here, indent), ...(dashes === '' ? [] : valuesOf(here))]);
}

/** Keys and list steps that lead to a line. @param lines above it */
function pathTo(lines: readonly string[], spaces: number, dashes: string): string[] {
  const path: string[] = [];
  let limit = spaces + dashes.length;
  /** A list's items may stand as deep as its key. */
  let isItem = false;
  const intoItem = (dash: number): void => {
    path.unshift(ITEM);
    limit = dash;
    isItem = true;
  };
  if (dashes !== '') intoItem(spaces);
  for (const line of [...lines].reverse()) {
    const [, lead = '', marks = '', , key] = LINE.exec(line.replace(/ +#.*$/, '')) ?? [];
    if (key === undefined) continue;
    const depth = lead.length + marks.length;
    if (depth < limit || (isItem && depth === limit && marks === '')) {
      path.unshift(key);
      limit = depth;
      isItem = false;
      if (marks !== '') intoItem(lead.length);
    } else if (!isItem && marks !== '' && depth === limit) intoItem(lead.length);
    if (limit === 0 && !isItem) break;
  }
  return path;
}

function at(schema: Schema, path: readonly string[]): readonly Schema[] {
  let here = alternatives(schema);
  for (const step of path) here = here.flatMap((each) => inside(each, step)).flatMap(alternatives);
  return here;
}

const alternatives = (schema: Schema): readonly Schema[] => {
  const { anyOf = [], oneOf = [], allOf = [] } = schema;
  return [schema, ...[...anyOf, ...oneOf, ...allOf].flatMap(alternatives)];
};

function inside(
  { items, properties, patternProperties, additionalProperties }: Schema,
  step: string,
): Schema[] {
  if (step === ITEM) return items ? [items] : [];
  const own = properties?.[step];
  if (own) return [own];
  for (const [pattern, schema] of Object.entries(patternProperties ?? {}))
    if (new RegExp(pattern, 'u').test(step)) return [schema];
  return typeof additionalProperties === 'object' ? [additionalProperties] : [];
}

type Choice = Completion['choices'][number];

const keysOf = (schemas: readonly Schema[], indent: string): Choice[] =>
  schemas.flatMap(({ properties = {} }) =>
    Object.entries(properties).map(([label, schema]) => ({
      label,
      insert: `${label}:${isBlock(schema) ? `\n${indent}  ` : ' '}`,
      what: describe(schema),
    })),
  );

const isBlock = (schema: Schema): boolean =>
  alternatives(schema).every(({ type, properties, items, patternProperties, anyOf, oneOf }) =>
    Boolean(
      properties || items || patternProperties || type === 'object' || type === 'array' || anyOf || oneOf,
    ),
  );

const valuesOf = (schemas: readonly Schema[]): Choice[] =>
  schemas.flatMap((schema) => {
    const { type, const: only, enum: values = [], examples = [], default: usual } = schema;
    const types = [type].flat();
    return [
      ...(only === undefined ? [] : [only]),
      ...values,
      ...(types.includes('boolean') ? [true, false] : []),
      ...(usual === undefined ? [] : [usual]),
      ...examples,
    ]
      .filter((value) => typeof value !== 'object')
      .map((value) => ({
        label: String(value),
        insert: String(value),
        what: value === usual ? 'unless written' : describe(schema),
      }));
  });

const describe = ({ description = '', default: usual }: Schema): string =>
  `${description}${usual === undefined || typeof usual === 'object' ? '' : ` Default ${String(usual)}.`}`.trim();

function matching(caret: number, typed: string, all: readonly Choice[]): Completion {
  const choices = [...new Map(all.map((choice) => [choice.label, choice])).values()]
    .filter(({ label }) => label.startsWith(typed) && label !== '')
    .slice(0, MOST);
  return { from: caret - typed.length, choices };
}
