import { FRAME, type Frame, frame, framesOf } from './http2-frames.ts';
import { type RawClient, rawClient } from './raw-http.ts';

/** A client of HTTP/2 that says what it is told to, on a plain connection. */
export async function rawHttp2(url: string): Promise<RawClient & { frames(): Frame[] }> {
  const client = await rawClient(url);
  client.send('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');
  client.send(frame(FRAME.settings, 0, 0));
  return Object.assign(Object.create(client) as RawClient, {
    frames: () => framesOf(Buffer.from(client.text, 'latin1')),
  });
}
