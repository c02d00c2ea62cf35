import { isMap } from '../path.ts';
import type { PolicyEntry } from '../schema/routes.ts';
import { type BodyOf, ownSchema } from './own-schema.ts';
import { type OpenApiDocument, resolved } from './read-document.ts';

interface BodySchemas {
  mode: 'report';
  required: boolean;
  otherTypes?: 'pass';
  request?: unknown;
  responses?: Record<string, unknown>;
}

const STATUS = /^([1-5]\d\d|[1-5]XX|default)$/;
const JSON_TYPE = /^application\/([a-z0-9.+-]+\+)?json\s*(;|$)/i;

/**
 * What an operation says about its bodies, statuses, types and query, and that it will go, as policies that report and
 * refuse nothing.
 *
 * @param now when it counts as deprecated, if it is: a document does not say since when
 */
export function importOperation(
  operation: Record<string, unknown>,
  sharedParameters: unknown,
  document: OpenApiDocument,
  now: Date,
): PolicyEntry[] {
  const responses = responsesOf(operation, document);
  const schemas = bodySchemas(operation, responses, document);
  const query = queryNames([sharedParameters, operation.parameters], document);
  const types = Object.fromEntries(responses.map(([status, content]) => [status, Object.keys(content)]));
  const contract = {
    ...(query && { query }),
    ...(responses.length > 0 && { responses: types }),
  };
  const lifecycle = lifecycleOf(operation, now);
  return [
    ...(lifecycle ? [{ lifecycle }] : []),
    ...(schemas.request !== undefined || schemas.responses ? [{ 'body-schema': schemas }] : []),
    ...(Object.keys(contract).length > 0 ? [{ contract }] : []),
  ];
}

function lifecycleOf(
  { deprecated, externalDocs }: Record<string, unknown>,
  now: Date,
): Record<string, string> | undefined {
  if (deprecated !== true) return undefined;
  const url = isMap(externalDocs) ? externalDocs.url : undefined;
  const isPage = typeof url === 'string' && /^https?:/.test(url) && URL.canParse(url);
  return { deprecated: now.toISOString(), ...(isPage && { link: new URL(url).href }) };
}

type Responses = [status: string, content: Record<string, unknown>][];

function responsesOf({ responses }: Record<string, unknown>, document: OpenApiDocument): Responses {
  if (!isMap(responses)) return [];
  return Object.entries(responses)
    .filter(([status]) => STATUS.test(status))
    .map(([status, each]) => {
      const response = resolved(each, document);
      return [status, isMap(response) && isMap(response.content) ? response.content : {}];
    });
}

function bodySchemas(
  operation: Record<string, unknown>,
  responses: Responses,
  document: OpenApiDocument,
): BodySchemas {
  const body = resolved(operation.requestBody, document);
  const request = isMap(body) ? jsonSchema(body.content, document, 'request') : undefined;
  const answers = responses
    .map(([status, content]) => [status, jsonSchema(content, document, 'response')] as const)
    .flatMap(([status, found]) => (found ? [[status, found] as const] : []));
  const isAlwaysJson = [request, ...answers.map(([, found]) => found)].every(
    (found) => found?.isAlone ?? true,
  );
  return {
    mode: 'report',
    required: isMap(body) && body.required === true,
    ...(!isAlwaysJson && { otherTypes: 'pass' as const }),
    ...(request !== undefined && { request: request.schema }),
    ...(answers.length > 0 && {
      responses: Object.fromEntries(answers.map(([status, { schema }]) => [status, schema])),
    }),
  };
}

/** The schema of a body where it is JSON; `isAlone`: where it is never anything else. */
function jsonSchema(
  content: unknown,
  document: OpenApiDocument,
  of: BodyOf,
): { schema: unknown; isAlone: boolean } | undefined {
  if (!isMap(content)) return undefined;
  const forms = Object.entries(content);
  const json = forms.find(([type]) => JSON_TYPE.test(type))?.[1];
  if (!isMap(json) || json.schema === undefined) return undefined;
  return { schema: ownSchema(json.schema, document, of), isAlone: forms.length === 1 };
}

/** Names of the query parameters; undefined if one of them has no name that can be listed (an object, spread out). */
function queryNames(lists: readonly unknown[], document: OpenApiDocument): string[] | undefined {
  const names = new Set<string>();
  for (const each of lists.filter(Array.isArray).flat()) {
    const parameter = resolved(each, document);
    if (!isMap(parameter) || parameter.in !== 'query') continue;
    const schema = resolved(parameter.schema, document);
    if (parameter.style === 'deepObject' || !isMap(schema) || schema.type === 'object') return undefined;
    names.add(String(parameter.name));
  }
  return [...names];
}
