import type { Readable } from 'node:stream';
import { createParser } from 'eventsource-parser';
import { GatewayError } from '../../errors/gateway-error.ts';
import { HeldBack } from '../held-back.ts';

/** A piece of an event stream. A comment keeps a connection alive; `retry` says when to come back. */
export type StreamPiece =
  | {
      readonly kind: 'event';
      readonly id: string | undefined;
      readonly event: string | undefined;
      readonly data: string;
    }
  | { readonly kind: 'retry'; readonly ms: number }
  | { readonly kind: 'comment'; readonly text: string };

/**
 * Reads an event stream piece by piece; the source is read no faster than its reader takes.
 * @param most characters that one event may have
 * @throws what the source breaks with; GatewayError `mcp_result_too_large`
 */
export async function* readEvents(body: Readable, most: number): AsyncGenerator<StreamPiece> {
  let pieces: StreamPiece[] = [];
  const held = new HeldBack();
  const decoder = new TextDecoder();
  const parser = createParser({
    onEvent: ({ id, event, data }) => pieces.push({ kind: 'event', id, event, data }),
    onRetry: (ms) => pieces.push({ kind: 'retry', ms }),
    onComment: (text) => pieces.push({ kind: 'comment', text }),
  });
  for await (const chunk of body) {
    const text = decoder.decode(chunk as Buffer, { stream: true });
    // Comments in an event end it as little as anything else in it does.
    const isTooLarge = held.take(text) > most;
    parser.feed(text);
    if (isTooLarge) throw new GatewayError('mcp_result_too_large');
    const read = pieces;
    pieces = [];
    for (const piece of read) {
      if (piece.kind === 'event' && piece.data.length > most) throw new GatewayError('mcp_result_too_large');
      yield piece;
    }
  }
}

/** A piece as text of an event stream. */
export function writePiece(piece: StreamPiece): string {
  if (piece.kind === 'retry') return `retry: ${piece.ms}\n\n`;
  if (piece.kind === 'comment') return `:${piece.text}\n\n`;
  const { id, event, data } = piece;
  const head = `${event === undefined ? '' : `event: ${event}\n`}${id === undefined ? '' : `id: ${id}\n`}`;
  return `${head}${data
    .split('\n')
    .map((line) => `data: ${line}\n`)
    .join('')}\n`;
}
