import { GatewayError } from '../errors/gateway-error.ts';
import type { Span } from '../lib/json-span.ts';

/** Of the head of one part of a form. Ours to bound: a form has as many parts as it likes. */
const LONGEST_HEAD = 4096;
const END_OF_HEAD = '\r\n\r\n';

export interface FormValue extends Span {
  readonly name: string;
}

/**
 * Where the values of some fields stand in a form (`multipart/form-data`, RFC 7578), so that one can be exchanged and every
 * other byte stays what the client sent. Parts are found by their boundary, and only their heads are read.
 *
 * @throws GatewayError `body_invalid` if it is no form, or one that others might read otherwise
 */
export function formValues(bytes: Buffer, contentType: string, ...fields: readonly string[]): FormValue[] {
  const delimiter = Buffer.from(`--${boundaryOf(contentType)}`);
  if (!bytes.subarray(0, delimiter.length).equals(delimiter))
    throw noForm('It must begin with its boundary.');
  const next = Buffer.concat([Buffer.from('\r\n'), delimiter]);
  const values: FormValue[] = [];
  let at = delimiter.length;
  while (!isAt(bytes, at, '--')) {
    if (!isAt(bytes, at, '\r\n')) throw noForm('A boundary must end its line.');
    const headEnd = bytes.indexOf(END_OF_HEAD, at);
    if (headEnd < 0 || headEnd - at > LONGEST_HEAD) throw noForm('A part has no head.');
    const start = headEnd + END_OF_HEAD.length;
    // A part may be empty: then its end begins with the line break of its head.
    const end = bytes.indexOf(next, start - 2);
    if (end < 0) throw noForm('Its last boundary is missing.');
    const name = nameOf(bytes.toString('latin1', at, headEnd));
    if (fields.includes(name)) values.push({ name, start, end: Math.max(start, end) });
    at = end + next.length;
  }
  return values;
}

const isAt = (bytes: Buffer, at: number, text: string): boolean =>
  bytes.toString('latin1', at, at + text.length) === text;

/** RFC 2046 section 5.1.1. */
const BOUNDARY =
  /^multipart\/form-data\s*;(?:.*;)?\s*boundary=(?:"([\w'()+,./:=? -]{1,70})"|([\w'()+./:=?-]{1,70}))\s*(?:;|$)/i;

function boundaryOf(contentType: string): string {
  const match = BOUNDARY.exec(contentType);
  const boundary = match?.[1] ?? match?.[2];
  if (boundary === undefined) throw noForm('Send it as multipart/form-data with a boundary.');
  return boundary;
}

const DISPOSITION = /^content-disposition:\s*form-data\s*;(.*)$/im;
const NAME = /(?:^|;)\s*name=(?:"([^"\\]*)"|([^\s;"]+))/i;

function nameOf(head: string): string {
  const parameters = DISPOSITION.exec(head)?.[1] ?? '';
  const match = NAME.exec(parameters);
  const name = match?.[1] ?? match?.[2];
  // Escaped, or written in the way of RFC 5987: readers differ on those.
  if (name === undefined) throw noForm('A part has no plain name.');
  return name;
}

const noForm = (detail: string): GatewayError => new GatewayError('body_invalid', { detail });
