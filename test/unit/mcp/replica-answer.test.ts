import { pino } from 'pino';
import { expect, it, onTestFinished } from 'vitest';
import { StoreUnavailable } from '../../../src/contracts/store.ts';
import { Patience, PatientDocuments, PatientLogs } from '../../../src/mcp/patience.ts';
import { askReplica } from '../../../src/mcp/replicas/ask-replica.ts';
import { serveAsk } from '../../../src/mcp/replicas/serve-ask.ts';
import { ALIVE, type Ask, inboxOf } from '../../../src/mcp/replicas/wire.ts';
import type { McpHost } from '../../../src/mcp/server.ts';
import { openStore } from '../../../src/stores/index.ts';
import { CancelSignal } from '../../../src/upstream/signal.ts';

const clock = { monotonic: () => performance.now() };
const log = pino({ level: 'silent' });
const fields = {
  server: 's',
  method: 'POST',
  headers: {},
  body: '{}',
  principal: 'p',
  consumer: '',
  groups: [],
  mcp: null,
  continues: false,
} as const;

/** A store that keeps each answer to itself once, and says that it is away. */
async function ports({ isFlaky }: { isFlaky: boolean }) {
  const store = await openStore('memory:');
  const serving: Promise<void>[] = [];
  onTestFinished(async () => {
    // What it has to write once more is still under way when the answer has been read.
    await Promise.all(serving);
    await store.close();
  });
  const failed = new Set<string>();
  const flaky = <T extends object>(real: T): T =>
    new Proxy(real, {
      get:
        (_, name) =>
        async (...given: unknown[]) => {
          const done = await (real[name as keyof T] as (...all: unknown[]) => Promise<unknown>)(...given);
          const key = JSON.stringify([name, given]);
          if (!isFlaky || failed.has(key)) return done;
          failed.add(key);
          throw new StoreUnavailable('it is away');
        },
    });
  const patience = new Patience(clock);
  const documents = new PatientDocuments(flaky(store.documents), patience);
  return { documents, logs: new PatientLogs(flaky(store.logs), patience), patience, log, clock, serving };
}

async function asked(host: Pick<McpHost, 'fetch'>, isFlaky = false) {
  const all = await ports({ isFlaky });
  await all.documents.put(ALIVE, 'there', true);
  const answer = askReplica('there', fields, {
    ports: all,
    signal: new CancelSignal(),
    onFacts: () => undefined,
  });
  for (;;) {
    const letters = await all.logs.read(inboxOf('there'), '');
    // A letter that stands there twice is done once.
    for (const { text } of letters)
      all.serving.push(serveAsk(JSON.parse(text) as Ask, host as McpHost, all, new AbortController().signal));
    if (letters.length > 0) break;
    await new Promise((resolve) => setImmediate(resolve));
  }
  return answer;
}

it('6,000 messages reach a client that reads slowly, all of them', async () => {
  const body = new ReadableStream<Uint8Array>({
    async pull(controller) {
      // One at a time, so that they can't be joined.
      await new Promise((resolve) => setImmediate(resolve));
      controller.enqueue(Buffer.from(`${++sent}\n`));
      if (sent === 6000) controller.close();
    },
  });
  let sent = 0;
  const answer = await asked({ fetch: async () => new Response(body) });
  let text = '';
  for await (const chunk of answer?.body ?? []) {
    text += String(chunk);
    await new Promise((resolve) => setImmediate(resolve));
  }
  expect(text).toBe(Array.from({ length: 6000 }, (_, at) => `${at + 1}\n`).join(''));
});

it('a store that goes while an answer is on its way costs none of it, and has nothing done twice', async () => {
  let done = 0;
  const answer = await asked({ fetch: async () => new Response(`done ${++done}`, { status: 201 }) }, true);
  let text = '';
  for await (const chunk of answer?.body ?? []) text += String(chunk);
  expect([answer?.statusCode, text, done]).toEqual([201, 'done 1', 1]);
});
