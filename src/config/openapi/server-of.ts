import { isMap } from '../path.ts';
import type { OpenApiDocument } from './read-document.ts';

/** Where nobody listens, until somebody writes where the API is. */
const NOWHERE = 'http://127.0.0.1:9000';

/** Where the API is, by the first of the document's servers: its origin, and the path that stands before every other. */
export function serverOf(
  { servers }: OpenApiDocument,
  notes: string[],
): { origin: string; basePath: string } {
  const [first, ...others] = Array.isArray(servers) ? servers.filter(isMap) : [];
  if (others.length > 0) notes.push(`Only the first of ${others.length + 1} servers is taken.`);
  const text = first ? withDefaults(String(first.url), first.variables) : '/';
  const url = URL.canParse(text, NOWHERE) ? new URL(text, NOWHERE) : new URL(NOWHERE);
  const isKnown = URL.canParse(text) && /^https?:$/.test(url.protocol) && url.username === '';
  if (!isKnown) notes.push(`The document names no server: write the upstream's address for ${NOWHERE}.`);
  return { origin: isKnown ? url.origin : NOWHERE, basePath: url.pathname.replace(/\/+$/, '') };
}

/** `https://{region}.example.com` with the defaults of its variables. */
const withDefaults = (url: string, variables: unknown): string =>
  url.replace(/\{([^{}]+)\}/g, (text, name: string) => {
    const variable = isMap(variables) && Object.hasOwn(variables, name) ? variables[name] : undefined;
    return isMap(variable) ? String(variable.default) : text;
  });
