/** AWS's event-stream framing, written from its description and not with the library that reads it. */
import { crc32 } from 'node:zlib';

const TYPE_STRING = 7;
/** Two lengths and their checksum before the headers, a checksum behind the payload. */
const PRELUDE_BYTES = 8;
const CHECKSUM_BYTES = 4;

/** One event: big-endian lengths, CRC-32 of the prelude, headers, payload, CRC-32 of all before it. */
export function awsEvent(type: string, payload: object): Buffer {
  const headers = Buffer.concat([
    header(':message-type', 'event'),
    header(':event-type', type),
    header(':content-type', 'application/json'),
  ]);
  const body = Buffer.from(JSON.stringify(payload));
  const total = PRELUDE_BYTES + CHECKSUM_BYTES + headers.length + body.length + CHECKSUM_BYTES;
  const prelude = Buffer.concat([uint32(total), uint32(headers.length)]);
  const message = Buffer.concat([prelude, uint32(crc32(prelude)), headers, body]);
  return Buffer.concat([message, uint32(crc32(message))]);
}

function header(name: string, value: string): Buffer {
  const [bytes, text] = [Buffer.from(name), Buffer.from(value)];
  const length = Buffer.alloc(2);
  length.writeUInt16BE(text.length);
  return Buffer.concat([Buffer.from([bytes.length]), bytes, Buffer.from([TYPE_STRING]), length, text]);
}

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}
