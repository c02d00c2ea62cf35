// What a client says is a value to the store, never a statement (CVE-2026-42208: SQL in the place of a key).
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { admin } from '../helpers/admin.ts';
import { aiGateway, chat, hello } from '../helpers/ai.ts';
import { eventually } from '../helpers/gateway.ts';
import { knowingProvider } from '../helpers/knowing-provider.ts';

const SQL = [
  "' OR '1'='1",
  "' OR 1=1 --",
  "') UNION SELECT * FROM documents --",
  "x'; DROP TABLE sessions; DROP TABLE ledger; DROP TABLE documents; --",
];

it('SQL opens nothing in the place of a key, and is a name in the place of one', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'hypercare-sql-'));
  onTestFinished(() => rm(dir, { recursive: true, force: true }));
  const gateway = await aiGateway([await knowingProvider()], {
    store: { url: `sqlite:${join(dir, 'store.db')}` },
    context: { enabled: true },
    ai: {
      budgets: [{ name: 'each', scope: 'user', requests: 1, per: '1d' }],
      ledger: { users: 'plain' },
    },
  });
  const say = async (content: string, name: string) => {
    const body = { model: 'smart', user: name, messages: [{ role: 'user', content }] };
    const { status, headers } = await chat(gateway, body, { 'x-session-id': name });
    return [status, headers['x-context-status']];
  };
  const namesOf = async (path: string, nameOf: (item: { id: string; by: { user: string } }) => string) =>
    (await admin(gateway, path)).body.items.map(nameOf).sort();

  for (const sql of SQL) {
    for (const authorization of [sql, `Bearer ${sql}`, `Basic ${btoa(`${sql}:${sql}`)}`])
      expect((await chat(gateway, hello(), { authorization })).status).toBe(401);
    // A conversation and a budget of its own has each of them.
    expect(await say('Hello.', sql)).toEqual([200, 'new']);
    expect((await say('Hello again.', sql))[0]).toBe(429);
  }
  const names = SQL.toSorted();
  expect(await namesOf('/api/sessions?consumer=app', ({ id }) => id)).toEqual(names);
  const users = () => namesOf('/api/usage?by=user', ({ by }) => by.user);
  await eventually(async () => (await users()).length === names.length);
  expect(await users()).toEqual(names);
});
