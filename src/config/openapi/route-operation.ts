import { isMap } from '../path.ts';
import type { RouteConfig } from '../schema/index.ts';
import { isSecretAt } from '../wording.ts';
import type { PathParameter } from './path-templates.ts';
import { securityOf, settingsOf } from './security.ts';

interface Parameter {
  name: string;
  in: 'path' | 'query' | 'header';
  required: boolean;
  schema: object;
  description?: string;
}

interface Content {
  [mediaType: string]: { schema?: unknown };
}

export interface Operation {
  operationId: string;
  /** Of the API, as the route names it. */
  'x-version'?: string;
  /** When the route is to go. */
  'x-sunset'?: string;
  /** The only host that it is for. */
  'x-host'?: string;
  'x-variants'?: Operation[];
  deprecated?: true;
  externalDocs?: { url: string };
  security?: Record<string, never[]>[];
  parameters?: Parameter[];
  requestBody?: { required: boolean; content: Content };
  responses: Record<string, { description: string; content?: Content }>;
}

/**
 * What a route says about one of its methods.
 * @param path the parameters of its path
 * @param now milliseconds since the epoch
 */
export function operationOf(
  route: RouteConfig,
  method: string,
  path: readonly PathParameter[],
  now: number,
): Operation {
  const { name, version, match, policies } = route;
  const schemas = settingsOf(policies, 'body-schema') ?? {};
  const lifecycle = settingsOf(policies, 'lifecycle') ?? {};
  const parameters = parametersOf(route, path);
  const security = Object.keys(securityOf(policies));
  const request = schemas.request;
  return {
    operationId: match.methods.length === 1 ? name : `${name}.${method.toLowerCase()}`,
    ...(version && { 'x-version': version }),
    ...(match.host && { 'x-host': match.host }),
    ...(isPast(lifecycle.deprecated, now) && { deprecated: true as const }),
    ...(typeof lifecycle.sunset === 'string' && { 'x-sunset': lifecycle.sunset }),
    ...(typeof lifecycle.link === 'string' && { externalDocs: { url: lifecycle.link } }),
    ...(security.length > 0 && { security: [Object.fromEntries(security.map((each) => [each, []]))] }),
    ...(parameters.length > 0 && { parameters }),
    ...(request !== undefined && {
      requestBody: {
        required: schemas.required === true,
        content: json(embedded(request, `${name}:request`)),
      },
    }),
    responses: responsesOf(route, schemas),
  };
}

const isPast = (time: unknown, now: number): boolean => typeof time === 'string' && Date.parse(time) <= now;

function parametersOf({ match, policies }: RouteConfig, path: readonly PathParameter[]): Parameter[] {
  const text = { type: 'string' };
  const rest = { description: 'All that is below: it may be empty and may hold slashes.' };
  const parameters = path.map(
    ({ name, isRest }): Parameter => ({
      ...{ name, in: 'path', required: true, schema: text },
      ...(isRest && rest),
    }),
  );
  for (const [name, value] of Object.entries(match.headers ?? {})) {
    const isAny = value === '*' || isSecretAt(['headers', name]);
    parameters.push({ name, in: 'header', required: true, schema: isAny ? text : { const: value } });
  }
  const query = settingsOf(policies, 'contract')?.query;
  for (const name of Array.isArray(query) ? query : [])
    parameters.push({ name: String(name), in: 'query', required: false, schema: {} });
  return parameters;
}

/** Statuses that a schema or the contract names; a route that names none may answer anything. */
function responsesOf(
  { name, policies }: RouteConfig,
  schemas: Record<string, unknown>,
): Operation['responses'] {
  const bodies: Record<string, unknown> = {
    ...(schemas.response === undefined ? {} : { '2XX': schemas.response }),
    ...(isMap(schemas.responses) ? schemas.responses : {}),
  };
  const contract = settingsOf(policies, 'contract')?.responses;
  const types = isMap(contract) ? contract : {};
  const statuses = [...new Set([...Object.keys(bodies), ...Object.keys(types)])].sort();
  if (statuses.length === 0) return { default: { description: 'Whatever the upstream answers.' } };
  return Object.fromEntries(
    statuses.map((status) => {
      const body = bodies[status];
      const schema = body === undefined ? undefined : embedded(body, `${name}:${status}`);
      const named = Array.isArray(types[status]) ? types[status].map(String) : [];
      const content =
        named.length > 0
          ? Object.fromEntries(
              named.map((type) => [type, schema === undefined || !isJson(type) ? {} : { schema }]),
            )
          : schema === undefined
            ? undefined
            : json(schema);
      return [status, { description: `Status ${status}.`, ...(content && { content }) }];
    }),
  );
}

const json = (schema: unknown): Content => ({ 'application/json': { schema } });
const isJson = (type: string): boolean => /[/+]json\b/i.test(type);

/** A schema of its own inside of the document: a `#/…` in it means itself, not the document. */
const embedded = (schema: unknown, id: string): unknown =>
  isMap(schema) && !('$id' in schema) && JSON.stringify(schema).includes('"$ref":"#')
    ? { $id: `urn:hypercare:${id}`, ...schema }
    : schema;
