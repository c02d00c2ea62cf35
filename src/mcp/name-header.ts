import { isUtf8 } from 'node:buffer';
import type { JSONRPCMessage } from '@modelcontextprotocol/server';

/** Of 2026-07-28: requests whose subject stands in the header `Mcp-Name`, and in which field of `params` it stands. */
const FIELDS: Readonly<Record<string, string>> = {
  'tools/call': 'name',
  'prompts/get': 'name',
  'resources/read': 'uri',
  'tasks/get': 'taskId',
  'tasks/update': 'taskId',
  'tasks/cancel': 'taskId',
};
const ENCODED = /^=\?base64\?([A-Za-z0-9+/]*={0,2})\?=$/;

/** JSON-RPC code of a header that says something else than the body (2026-07-28, HeaderMismatch). */
export const HEADER_MISMATCH = -32_020;

/**
 * Holds `Mcp-Name` against the body: who routes or counts by the header must see what the server sees. One that is missing is
 * its server's to ask for.
 * @returns what is wrong; undefined: nothing
 */
export function checkNameHeader(header: string | undefined, message: JSONRPCMessage): string | undefined {
  if (header === undefined || !('method' in message) || !Object.hasOwn(FIELDS, message.method))
    return undefined;
  const field = FIELDS[message.method] as string;
  const value = (message.params as Record<string, unknown> | undefined)?.[field];
  if (typeof value !== 'string') return undefined;
  const said = decoded(header.trim());
  if (said === value) return undefined;
  return `Header mismatch: Mcp-Name does not name what params.${field} names.`;
}

/** The text of a header; undefined: it says that it is encoded, and is not. */
function decoded(header: string): string | undefined {
  if (!header.startsWith('=?base64?')) return header;
  const [, encoded] = ENCODED.exec(header) ?? [];
  const bytes = encoded === undefined ? undefined : Buffer.from(encoded, 'base64');
  return bytes && isUtf8(bytes) ? bytes.toString() : undefined;
}
