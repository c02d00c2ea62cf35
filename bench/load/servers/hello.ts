// node hello.ts <port> [chat]: answers every request with the same kilobyte. A floor, and the upstream where nginx is missing.
import { createServer } from 'node:http';
import { ANSWER, CHAT_ANSWER } from '../messages.ts';

const body = Buffer.from(process.argv[3] === 'chat' ? CHAT_ANSWER : ANSWER);
const head = { 'content-type': 'application/json', 'content-length': body.length };

const server = createServer((request, response) => {
  request.resume();
  request.once('end', () => response.writeHead(200, head).end(body));
});
server.keepAliveTimeout = 65_000;
server.listen(Number(process.argv[2]), '127.0.0.1', 1024);
