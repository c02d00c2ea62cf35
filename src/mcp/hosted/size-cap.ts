import { Readable } from 'node:stream';
import { GatewayError } from '../../errors/gateway-error.ts';
import { HeldBack } from '../held-back.ts';

export interface SizeCap {
  /** Bytes of one message. */
  readonly most: number;
  /** Whether the body is an event stream: of messages. */
  readonly isStream: boolean;
  /** In place of an event that is larger; undefined: the stream just ends. */
  refusal(): string | undefined;
}

/**
 * A server's answer as far as one message of it is no larger than may be: the package's client reads an answer whole, and an
 * event, however long they are. Of a body the package hears by its failure; a stream that breaks tells it nothing of the call.
 */
export const capped = (body: Readable, cap: SizeCap): Readable =>
  Readable.from(cap.isStream ? events(body, cap) : whole(body, cap), { objectMode: false });

async function* whole(body: Readable, { most }: SizeCap): AsyncGenerator<Buffer> {
  let size = 0;
  for await (const chunk of body as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > most) throw new GatewayError('mcp_result_too_large');
    yield chunk;
  }
}

async function* events(body: Readable, { most, refusal }: SizeCap): AsyncGenerator<Buffer> {
  const held = new HeldBack();
  for await (const chunk of body as AsyncIterable<Buffer>) {
    if (held.take(chunk.toString('latin1')) > most) {
      const said = refusal();
      if (said === undefined) throw new GatewayError('mcp_result_too_large');
      // What has come of the event is ended first: no reader takes it for a message.
      yield Buffer.from(`\n\ndata: ${said}\n\n`);
      return;
    }
    yield chunk;
  }
}
