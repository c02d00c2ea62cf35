import { EventStreamCodec } from '@smithy/core/event-streams';
import type { Frame, Framing } from '../../contracts/provider.ts';

/** AWS's own limit on a message, in bytes: 24 MB on the wire. */
const LARGEST_MESSAGE = 24 * 1024 * 1024;
/** Its length stands in the first four bytes. */
const LENGTH_BYTES = 4;

const codec = new EventStreamCodec(
  (bytes) => Buffer.from(bytes).toString('utf8'),
  (text) => Buffer.from(text, 'utf8'),
);

/** Cuts AWS's event stream into its messages, however it is split on the network. */
export function openEventStreamFraming(onFrame: (frame: Frame) => void, onTooLarge: () => void): Framing {
  let pieces: Buffer[] = [];
  let bytes = 0;
  let isOver = false;
  const lengthOfNext = (): number => {
    if ((pieces[0] as Buffer).length < LENGTH_BYTES) pieces = [Buffer.concat(pieces)];
    return (pieces[0] as Buffer).readUInt32BE(0);
  };
  const take = (length: number): Buffer => {
    const all = pieces.length === 1 ? (pieces[0] as Buffer) : Buffer.concat(pieces);
    const rest = all.subarray(length);
    pieces = rest.length > 0 ? [rest] : [];
    bytes = rest.length;
    return all.subarray(0, length);
  };
  return {
    feed(chunk) {
      if (isOver || chunk.length === 0) return;
      pieces.push(chunk);
      bytes += chunk.length;
      while (!isOver && bytes >= LENGTH_BYTES) {
        const length = lengthOfNext();
        if (length > LARGEST_MESSAGE) {
          isOver = true;
          onTooLarge();
        } else if (bytes < length) {
          break;
        } else {
          const frame = frameOf(take(length));
          isOver = frame.event === BROKEN;
          onFrame(frame);
        }
      }
      if (isOver) pieces = [];
    },
    // Half a message says nothing.
    end: () => undefined,
  };
}

/** A message that is not what its checksums say: nothing behind it can be trusted either. */
const BROKEN = 'invalidMessageException';

function frameOf(message: Buffer): Frame {
  try {
    const { headers, body } = codec.decode(message);
    const header = (name: string): string => String(headers[name]?.value ?? '');
    const event = header(':event-type') || header(':exception-type') || `${header(':error-code')}Exception`;
    const text = Buffer.from(body).toString('utf8');
    return { event, data: text || JSON.stringify({ message: header(':error-message') }) };
  } catch (error) {
    return { event: BROKEN, data: JSON.stringify({ message: (error as Error).message }) };
  }
}
