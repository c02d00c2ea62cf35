import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { onTestFinished } from 'vitest';

/** What a name is: addresses of IPv4, and for how many seconds they hold; or a code that says why there is none. */
export type NameRecord = { addresses: string[]; ttl: number } | { refused: number };

export interface NameServer {
  /** `host:port`, for a resolver. */
  readonly address: string;
  /** Names that were asked for, one a question. */
  readonly asked: string[];
}

const TYPE_A = 1;
const NXDOMAIN = 3;
const HEAD_BYTES = 12;

/** A name server on loopback (RFC 1035 over UDP), which knows what a test says, gone when the test is over. */
export async function nameServer(records: Record<string, NameRecord>): Promise<NameServer> {
  const asked: string[] = [];
  const socket = createSocket('udp4');
  socket.on('message', (query, { port, address }) => {
    const { name, type, end } = questionOf(query);
    asked.push(name);
    const record = records[name] ?? { refused: NXDOMAIN };
    const rows = 'addresses' in record && type === TYPE_A ? record.addresses : [];
    const head = Buffer.from(query.subarray(0, HEAD_BYTES));
    head.writeUInt16BE(0x8180 | ('refused' in record ? record.refused : 0), 2);
    // One question, so many answers, nothing else.
    for (const [at, count] of [
      [4, 1],
      [6, rows.length],
      [8, 0],
      [10, 0],
    ] as const)
      head.writeUInt16BE(count, at);
    const answers = rows.map((row) => answerOf(row, 'ttl' in record ? record.ttl : 0));
    socket.send(Buffer.concat([head, query.subarray(HEAD_BYTES, end), ...answers]), port, address);
  });
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  onTestFinished(() => void socket.close());
  return { address: `127.0.0.1:${socket.address().port}`, asked };
}

/** Section 4.1.2: labels with their lengths, then type and class. */
function questionOf(query: Buffer): { name: string; type: number; end: number } {
  const labels: string[] = [];
  let at = HEAD_BYTES;
  for (let length = query[at] as number; length > 0; length = query[at] as number) {
    labels.push(query.toString('latin1', at + 1, at + 1 + length));
    at += 1 + length;
  }
  return { name: labels.join('.').toLowerCase(), type: query.readUInt16BE(at + 1), end: at + 5 };
}

/** Section 4.1.3, for the name of the question. */
function answerOf(address: string, ttl: number): Buffer {
  const row = Buffer.alloc(16);
  row.writeUInt16BE(0xc000 | HEAD_BYTES, 0);
  row.writeUInt16BE(TYPE_A, 2);
  row.writeUInt16BE(1, 4);
  row.writeUInt32BE(ttl, 6);
  row.writeUInt16BE(4, 10);
  Buffer.from(address.split('.').map(Number)).copy(row, 12);
  return row;
}
