import { once } from 'node:events';
import { createServer } from 'node:net';

/** Below what systems give to whoever asks for any port (Linux from 32768 on): no server that starts meanwhile gets one of these. */
const [FROM, TO] = [15_000, 32_000];

/** A port of loopback that nobody listens on, for a program that has to be told one. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = FROM + Math.floor(Math.random() * (TO - FROM));
    const server = createServer().listen(port, '127.0.0.1');
    try {
      await once(server, 'listening');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'EADDRINUSE') continue;
      throw error;
    }
    server.close();
    await once(server, 'close');
    return port;
  }
}
