import { EventSourceParserStream } from 'eventsource-parser/stream';
import { expect, it, onTestFinished } from 'vitest';
import { admin, expectProblem } from '../helpers/admin.ts';
import { eventually, type TestGateway, testGateway } from '../helpers/gateway.ts';
import { rawClient } from '../helpers/raw-http.ts';

interface Seen {
  id: string | undefined;
  event: string | undefined;
  data: { kind: string; to: string; by: string };
}

/** An operator's window: what it has seen so far. */
async function follow(gateway: TestGateway, lastId?: string): Promise<{ seen: Seen[]; leave(): void }> {
  const leaving = new AbortController();
  onTestFinished(() => leaving.abort());
  const headers: Record<string, string> = lastId === undefined ? {} : { 'last-event-id': lastId };
  const { body, status } = await fetch(`${gateway.adminUrl}/api/events`, { headers, signal: leaving.signal });
  expect(status).toBe(200);
  const seen: Seen[] = [];
  const read = async (): Promise<void> => {
    const events = (body as ReadableStream<Uint8Array<ArrayBuffer>>)
      .pipeThrough(new TextDecoderStream())
      .pipeThrough(new EventSourceParserStream());
    for await (const { id, event, data } of events)
      seen.push({ id, event, data: JSON.parse(data) as Seen['data'] });
  };
  read().catch((error: unknown) => {
    if (!leaving.signal.aborted) throw error;
  });
  return { seen, leave: () => leaving.abort() };
}

async function apply(gateway: TestGateway, level: string): Promise<void> {
  const body = { patch: [{ op: 'add', path: '/log', value: { level } }] };
  const { status } = await admin(gateway, '/api/revisions', { headers: { 'if-match': '*' }, body });
  expect(status).toBe(200);
}

it('every window sees a revision as it is applied, and catches up on what it missed', async () => {
  const gateway = await testGateway({});
  const [one, two] = [await follow(gateway), await follow(gateway)];

  await apply(gateway, 'info');

  const [first] = await eventually(() => one.seen.length > 0 && one.seen);
  expect(first).toMatchObject({ event: 'change', data: { kind: 'revision', to: '2', by: 'admin:local' } });
  await eventually(() => two.seen.length > 0);
  one.leave();
  await apply(gateway, 'warn');
  await apply(gateway, 'error');

  const back = await follow(gateway, first?.id);
  await eventually(() => back.seen.length >= 2);
  expect(back.seen.map(({ data }) => data.to)).toEqual(['3', '4']);
  const afterRestart = await follow(gateway, 'deadbeef-2');
  await eventually(() => afterRestart.seen.length >= 4);
  expect(afterRestart.seen.map(({ data }) => data.to)).toEqual(['1', '2', '3', '4']);
});

it('the hundred-and-first window waits for its turn, and a closed one makes room', async () => {
  const gateway = await testGateway({});
  const host = new URL(gateway.adminUrl).host;
  const clients = await Promise.all(Array.from({ length: 100 }, () => rawClient(gateway.adminUrl)));
  for (const client of clients) client.send(`GET /api/events HTTP/1.1\r\nhost: ${host}\r\n\r\n`);
  await Promise.all(clients.map((client) => client.until('text/event-stream')));

  const refused = await admin(gateway, '/api/events');

  expectProblem(refused, 503, 'overloaded');
  expect(refused.headers['retry-after']).toBe('10');
  clients[0]?.socket.destroy();
  const again = await eventually(async () => {
    const leaving = new AbortController();
    const answer = await fetch(`${gateway.adminUrl}/api/events`, { signal: leaving.signal });
    const { status } = answer;
    leaving.abort();
    return status === 200 && answer;
  });
  expect(again.headers.get('content-type')).toContain('text/event-stream');
});
