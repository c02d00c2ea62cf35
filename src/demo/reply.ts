/**
 * The two ways a sandbox process answers, whole or as an event stream, with the faults that break an
 * answer on its way: silence, garbage, a wrong type, breaks and pieces.
 */
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import type { OutgoingHttpHeaders } from 'node:http';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { type Call, pause, untilOver } from './call.ts';

/** Answers with JSON. Resolves when it is handed over; rejects when a fault or the client ended it. */
export function sendJson(call: Call, status: number, body: unknown, headers: OutgoingHttpHeaders = {}) {
  const bytes = Buffer.from(JSON.stringify(body));
  return sendBytes(call, status, bytes, { 'content-type': 'application/json', ...headers });
}

/** Answers with `bytes` under a content-length. */
export async function sendBytes(
  call: Call,
  status: number,
  bytes: Buffer,
  headers: OutgoingHttpHeaders,
): Promise<void> {
  const { res, faults } = call;
  call.over.throwIfAborted();
  const body = faults.garbage ? garbage() : bytes;
  const type = faults.wrongContentType ? { 'content-type': 'application/octet-stream' } : {};
  res.writeHead(status, { ...headers, ...type, 'content-length': body.length });
  if (faults.stall) return stall(call);
  if (faults.truncateAfter !== undefined) {
    return breakOff(call, body.subarray(0, Math.floor(body.length / 2)));
  }
  res.end(body);
}

/** An open event stream. */
export interface EventStream {
  /** Sends one whole event, blank line included, and waits while the client reads slowly. */
  send(event: string | Buffer): Promise<void>;
  end(): Promise<void>;
}

/** How a stream differs that is none of server-sent events. */
interface Framing {
  type?: string;
  /** An event that holds this much padding. */
  huge?(padding: string): string | Buffer;
}

/** Opens an event stream with status 200, of server-sent events unless told. */
export async function openEvents(
  call: Call,
  { type: ownType = 'text/event-stream', huge = hugeEvent }: Framing = {},
): Promise<EventStream> {
  const { res, faults } = call;
  call.over.throwIfAborted();
  const type = faults.wrongContentType ? 'text/plain' : ownType;
  res.writeHead(200, { 'content-type': type, 'cache-control': 'no-cache' });
  res.flushHeaders();
  if (faults.stall) return stall(call);
  if (faults.garbage) {
    res.end(garbage());
    call.endByFault();
    return untilOver(call);
  }
  let sent = 0;
  return {
    async send(whole) {
      call.over.throwIfAborted();
      const event = Buffer.from(whole as string);
      const half = event.subarray(0, Math.ceil(event.length / 2));
      if (sent === faults.truncateAfter) {
        return breakOff(call, half);
      }
      if (sent === faults.halfEventAfter) {
        res.end(half);
        call.endByFault();
        return untilOver(call);
      }
      if (sent === faults.stallAfter) return untilOver(call);
      if (faults.hugeEvent && sent === 1) await write(call, huge('x'.repeat(HUGE_EVENT_BYTES)));
      sent += 1;
      for (const piece of faults.splitEvents ? piecesOf(event) : [event]) await write(call, piece);
    },
    async end() {
      // A stream too short for its cut breaks all the same: the fault struck, so it must show.
      if (faults.truncateAfter !== undefined) return breakOff(call, Buffer.alloc(0));
      res.end();
    },
  };
}

const PIECE = 5;
const HUGE_EVENT_BYTES = 9 * 1024 * 1024;
const hugeEvent = (padding: string) => sseEvent({ data: JSON.stringify({ padding }) });

function piecesOf(event: Buffer): Buffer[] {
  const count = Math.ceil(event.length / PIECE);
  return Array.from({ length: count }, (_, at) => event.subarray(at * PIECE, (at + 1) * PIECE));
}

async function write(call: Call, bytes: string | Buffer): Promise<void> {
  const { res, faults, over } = call;
  over.throwIfAborted();
  if (!res.write(bytes)) await once(res, 'drain', { signal: over });
  // Each piece a packet of its own.
  else if (faults.splitEvents) await nextTurn();
}

/** A server-sent event. `fields` come in the order given; data must hold no line break. */
export function sseEvent(fields: { id?: string; event?: string; data: string }): string {
  const lines = Object.entries(fields).map(([name, value]) => `${name}: ${value}\n`);
  return `${lines.join('')}\n`;
}

/** Waits for the model's next token: `slowFirstTokenMs` before the first, `betweenTokensMs` after. */
export function pauseForToken(call: Call, index: number): Promise<void> {
  return pause(call, index === 0 ? call.faults.slowFirstTokenMs : call.faults.betweenTokensMs);
}

async function stall(call: Call): Promise<never> {
  call.res.flushHeaders();
  return untilOver(call);
}

async function breakOff(call: Call, lastBytes: Buffer): Promise<never> {
  const destroy = () => {
    call.endByFault();
    call.res.destroy();
  };
  if (lastBytes.length > 0) call.res.write(lastBytes, destroy);
  else {
    call.res.flushHeaders();
    setImmediate(destroy);
  }
  return untilOver(call);
}

/** Bytes that parse as no JSON, hold no SSE field and are no UTF-8. */
function garbage(): Buffer {
  return Buffer.concat([Buffer.from([0xff, 0xfe, 0x00, 0x7b]), randomBytes(60), Buffer.from('\n<<<\n\n')]);
}
