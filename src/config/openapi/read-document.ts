import { parse } from 'yaml';
import { child, isMap, pathOfPointer } from '../path.ts';

/** An OpenAPI document in the form of 3.1, whatever 3.x it was written in. */
export type OpenApiDocument = Record<string, unknown>;

/**
 * Reads and checks an OpenAPI document, YAML or JSON. Nothing is fetched: a reference to another file or address is a
 * fault.
 *
 * @throws Error that says what is wrong with it
 */
export async function readOpenApi(text: string): Promise<OpenApiDocument> {
  const written: unknown = parse(text);
  if (!isMap(written) || typeof written.openapi !== 'string' || !/^3\.[01]\./.test(written.openapi))
    throw new Error('is no OpenAPI document of version 3.0 or 3.1');
  // Half a second to load, and only this needs it.
  const { upgrade, validate } = await import('@scalar/openapi-parser');
  const { errors = [] } = await validate(structuredClone(written));
  if (errors.length > 0) {
    const said = errors
      .slice(0, 10)
      .map(({ message, path }) => `${[path].flat().join('/')} ${message}`.trim());
    throw new Error(`is not valid OpenAPI: ${said.join('; ')}`);
  }
  return upgrade(written).specification as unknown as OpenApiDocument;
}

/** Follows a `$ref` within the document, through others if need be; what is none is returned as it is. */
export function resolved(value: unknown, document: OpenApiDocument): unknown {
  let current = value;
  for (const seen = new Set<string>(); isMap(current) && typeof current.$ref === 'string'; ) {
    if (seen.has(current.$ref)) return undefined;
    seen.add(current.$ref);
    current = atPointer(current.$ref, document);
  }
  return current;
}

/** What a local reference (`#/components/…`) points at; undefined if nothing does. */
export const atPointer = (ref: string, document: OpenApiDocument): unknown =>
  pathOfPointer(decodeURIComponent(ref.slice(1)), document).reduce<unknown>(child, document);
