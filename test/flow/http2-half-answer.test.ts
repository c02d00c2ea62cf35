import { createServer, type Socket } from 'node:net';
import { expect, it, onTestFinished } from 'vitest';
import { eventually, testGateway } from '../helpers/gateway.ts';
import { END_HEADERS, END_STREAM, FRAME, fields, frame, framesOf } from '../helpers/http2-frames.ts';

const PREFACE_BYTES = 24;
const NO_ERROR = Buffer.alloc(4);

/** An upstream of HTTP/2 in the clear that answers half of what it announces, and takes its stream back without an error. */
async function halfAnswering(announced: [string, string][], isWhole: boolean): Promise<string> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket.on('error', () => undefined));
    socket.write(frame(FRAME.settings, 0, 0));
    let bytes = Buffer.alloc(0);
    const answered = new Set<number>();
    socket.on('data', (chunk) => {
      bytes = Buffer.concat([bytes, chunk]);
      for (const { type, stream } of framesOf(bytes.subarray(PREFACE_BYTES))) {
        if (type !== FRAME.headers || answered.has(stream)) continue;
        answered.add(stream);
        socket.write(frame(FRAME.headers, END_HEADERS, stream, fields([':status', '200'], ...announced)));
        socket.write(frame(FRAME.data, isWhole ? END_STREAM : 0, stream, Buffer.from('abc')));
        if (!isWhole) socket.write(frame(FRAME.reset, 0, stream, NO_ERROR));
      }
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as { port: number }).port}`;
}

const house = (upstream: string) =>
  testGateway({
    upstreams: { up: { targets: [{ url: upstream }], protocol: 'http2' } },
    routes: [
      { name: 'plain', match: { path: '/plain' }, upstream: 'up' },
      {
        name: 'kept',
        match: { path: '/kept' },
        upstream: 'up',
        policies: [{ 'response-cache': { ttl: '1m' } }],
      },
    ],
  });

it.each([
  ['of an announced length', [['content-length', '100']]],
  ['of no announced length', []],
] as [
  string,
  [string, string][],
][])('an answer %s whose stream is taken back before its end is no whole answer, and not kept', async (_name, announced) => {
  const gateway = await house(await halfAnswering(announced, false));
  for (const path of ['/plain', '/kept', '/kept'])
    await expect(fetch(gateway.url + path).then((answer) => answer.text())).rejects.toThrow();
  await eventually(() => gateway.lines.filter(({ reason }) => reason === 'upstream_truncated').length === 3);
});

it('one that ends as it should is whole', async () => {
  const gateway = await house(await halfAnswering([], true));
  for (const path of ['/plain', '/kept', '/kept'])
    expect(await (await fetch(gateway.url + path)).text()).toBe('abc');
});
