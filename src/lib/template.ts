import { isUtf8 } from 'node:buffer';
import type { Exchange } from '../contracts/exchange.ts';
import type { Template } from '../contracts/policy.ts';
import { splitPlaceholders } from './placeholders.ts';

type Source = (exchange: Exchange) => string;

/** What `{{…}}` may name. */
const SOURCES: Readonly<Record<string, Source>> = {
  client: ({ client }) => client,
  consumer: ({ consumer }) => consumer,
  method: ({ method }) => method,
  path: ({ path }) => path,
  request_id: ({ id }) => id,
  route: ({ route }) => route,
  trace_id: ({ traceId }) => traceId,
  upstream: ({ upstream }) => upstream,
};

/** What `{{…}}` may name with a name of its own behind. */
const HEADER = 'request.header.';
const PATH = 'path.';
const QUERY = 'query.';

/**
 * Compiles a text with `{{consumer}}`, `{{request.header.x-tenant}}`, `{{path.id}}` and the like. What a request has not
 * is the empty text. What is put in is not looked at again, so that a client's `{{consumer}}` stays what it is.
 *
 * @param routePath the route's `match.path`, which names the parameters; undefined where there are none
 * @throws Error that says what is wrong with the text
 */
export function compileTemplate(text: string, routePath: string | undefined): Template {
  const used = splitPlaceholders(text).map((part) =>
    typeof part === 'string' ? part : sourceOf(part.name, routePath),
  );
  if (used.every((part) => typeof part === 'string')) return () => text;
  return (exchange, encode) => {
    let filled = '';
    for (const part of used) {
      filled += typeof part === 'string' ? part : encode ? encode(part(exchange)) : part(exchange);
    }
    return filled;
  };
}

/** What is wrong with a text; undefined if nothing. */
export function templateFault(text: string, routePath: string | undefined): string | undefined {
  try {
    compileTemplate(text, routePath);
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}

function sourceOf(name: string, routePath: string | undefined): Source {
  if (Object.hasOwn(SOURCES, name)) return SOURCES[name] as Source;
  if (name.startsWith(HEADER)) return header(name.slice(HEADER.length).toLowerCase());
  if (name.startsWith(PATH)) return pathParameter(name.slice(PATH.length), routePath);
  if (name.startsWith(QUERY)) return queryParameter(name.slice(QUERY.length));
  const known = [...Object.keys(SOURCES), `${PATH}NAME`, `${QUERY}NAME`, `${HEADER}NAME`];
  throw new Error(`names {{${name}}}, which there is not: take one of ${known.join(', ')}`);
}

function header(name: string): Source {
  return ({ headers }) => {
    const value = Object.hasOwn(headers, name) ? headers[name] : undefined;
    return value === undefined ? '' : asText(Array.isArray(value) ? value.join(', ') : String(value));
  };
}

/** Node reads each byte of a header as a character; where they are UTF-8, as nearly everybody writes names, it is that. */
function asText(value: string): string {
  if (!BEYOND_ASCII.test(value)) return value;
  const bytes = Buffer.from(value, 'latin1');
  return isUtf8(bytes) ? bytes.toString() : value;
}

const BEYOND_ASCII = /[\x80-\xff]/;

function pathParameter(name: string, routePath: string | undefined): Source {
  const segments = routePath?.split('/') ?? [];
  const index = segments.findIndex((segment) => segment === `:${name}` || segment === `{${name}}`);
  if (index < 0) throw new Error(`names {{${PATH}${name}}}: the route's path has no such parameter`);
  return ({ path }) => decoded(path.split('/')[index] ?? '');
}

function queryParameter(name: string): Source {
  return ({ query }) => (query === '' ? '' : (new URLSearchParams(query).get(name) ?? ''));
}

function decoded(segment: string): string {
  try {
    return segment.includes('%') ? decodeURIComponent(segment) : segment;
  } catch {
    return segment;
  }
}
