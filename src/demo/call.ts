/** One request on its way through a sandbox process, and how its body is read. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import type { DrawnFaults } from './faults.ts';

export interface Call {
  req: IncomingMessage;
  res: ServerResponse;
  url: URL;
  /** The method, with HEAD as GET: node leaves the body away by itself. */
  method: string;
  faults: DrawnFaults;
  /** Aborts when nobody is left to write to: the client went, or a fault ended the answer. */
  over: AbortSignal;
  /** Ends the answer on behalf of a fault, so that it does not count as a client that left. */
  endByFault(): void;
  /** An error body in the API shape of this path. */
  problem(status: number, message: string): unknown;
}

/** A service's counts since its start. `aborted`: clients that left before their answer's end. */
export interface ServiceStats {
  requests: number;
  aborted: number;
  active: number;
}

/** A request that is answered with an error. `body` is sent as JSON. */
export class Refusal extends Error {
  readonly status: number;
  readonly body: unknown;
  constructor(status: number, message: string, body: unknown) {
    super(message);
    this.name = 'Refusal';
    this.status = status;
    this.body = body;
  }
}

/** A refusal in the API shape of the call's path. */
export function refuse(call: Call, status: number, message: string): Refusal {
  return new Refusal(status, message, call.problem(status, message));
}

const BODY_LIMIT = 10 * 1024 * 1024;

/** The whole body. Throws a 413 refusal past 10 MiB. */
export async function readBody(call: Call): Promise<Buffer> {
  const parts: Buffer[] = [];
  let size = 0;
  for await (const part of call.req as AsyncIterable<Buffer>) {
    size += part.length;
    if (size > BODY_LIMIT) throw refuse(call, 413, `The body is longer than ${BODY_LIMIT} bytes.`);
    parts.push(part);
  }
  return Buffer.concat(parts);
}

/** The body as a JSON object. Throws a 400 refusal for anything else. */
export async function readJsonObject(call: Call): Promise<Record<string, unknown>> {
  const text = (await readBody(call)).toString('utf8');
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw refuse(call, 400, `We could not parse the JSON body of your request: ${(error as Error).message}`);
  }
  if (!isRecord(value)) throw refuse(call, 400, 'The body must be a JSON object.');
  return value;
}

/** Waits `ms` milliseconds; rejects as soon as the call is over. */
export async function pause(call: Call, ms: number | undefined): Promise<void> {
  call.over.throwIfAborted();
  if (ms) await sleep(ms, undefined, { signal: call.over });
}

/** Rejects when the call is over and does nothing before. */
export function untilOver(call: Call): Promise<never> {
  return new Promise((_, reject) => {
    if (call.over.aborted) reject(call.over.reason);
    else call.over.addEventListener('abort', () => reject(call.over.reason), { once: true });
  });
}

/** An object that is neither null nor an array. */
export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
