import { isObject } from './json.ts';
import { splitPlaceholders } from './placeholders.ts';

/** The fields that a caller of a prompt gives. */
export type PromptInput = { readonly [field: string]: unknown };

/** A text with places that are filled from a prompt's input. */
export interface PromptTemplate {
  /** The input's own fields that it uses: of `{{customer.name}}` it is `customer`. */
  readonly fields: readonly string[];
  /** What is put in is not looked at again: a value that looks like a template stays what it is. */
  fill(input: PromptInput): string;
}

type Piece = string | readonly string[];

const PARTIAL = /^>\s*(.*)$/;
const FIELD = /^[A-Za-z_][\w-]*(\.[\w-]+)*$/;

/**
 * Compiles a text with `{{field}}`, `{{field.of.it}}` and `{{> partial}}`. Text goes in as it is, everything else as
 * JSON; what the input has not is the empty text.
 *
 * @param partials texts by name, which may use partials themselves
 * @throws Error that says what is wrong with the text
 */
export function compilePrompt(text: string, partials: Readonly<Record<string, string>>): PromptTemplate {
  const pieces = piecesOf(text, partials, []);
  const fields = pieces.flatMap((piece) => (typeof piece === 'string' ? [] : piece.slice(0, 1)));
  return {
    fields: [...new Set(fields)],
    fill: (input) =>
      pieces.map((piece) => (typeof piece === 'string' ? piece : written(valueAt(input, piece)))).join(''),
  };
}

function piecesOf(text: string, partials: Readonly<Record<string, string>>, way: readonly string[]): Piece[] {
  return splitPlaceholders(text).flatMap((part): Piece[] => {
    if (typeof part === 'string') return [part];
    const partial = PARTIAL.exec(part.name)?.[1];
    if (partial === undefined) {
      if (!FIELD.test(part.name)) throw new Error(`names {{${part.name}}}, which is no name of a field`);
      return [part.name.split('.')];
    }
    const inner = Object.hasOwn(partials, partial) ? partials[partial] : undefined;
    if (inner === undefined)
      throw new Error(`uses the partial "${partial}", which there is not in ai.partials`);
    if (way.includes(partial)) throw new Error(`uses partials in a circle: ${[...way, partial].join(' → ')}`);
    return piecesOf(inner, partials, [...way, partial]);
  });
}

function valueAt(input: unknown, path: readonly string[]): unknown {
  return path.reduce<unknown>(
    (value, key) => (isObject(value) && Object.hasOwn(value, key) ? value[key] : undefined),
    input,
  );
}

function written(value: unknown): string {
  if (value === undefined || value === null) return '';
  return typeof value === 'string' ? value : JSON.stringify(value);
}
