// Somebody deletes what they said while it still waits for the store.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { expect, it, onTestFinished, vi } from 'vitest';
import { StoreUnavailable } from '../../src/contracts/store.ts';
import { SqliteSessions } from '../../src/stores/sqlite/sessions.ts';
import { aiGateway, sdk } from '../helpers/ai.ts';
import { knowingProvider } from '../helpers/knowing-provider.ts';

async function world() {
  const dir = await mkdtemp(join(tmpdir(), 'context-'));
  onTestFinished(() => rm(dir, { recursive: true, force: true }));
  const file = join(dir, 'store.db');
  const provider = await knowingProvider();
  const gateway = await aiGateway([{ kind: 'deepseek', baseUrl: `${provider.url}/v1` }], {
    store: { url: `sqlite:${file}` },
    context: { enabled: true },
  });
  const commit = vi.spyOn(SqliteSessions.prototype, 'commit');
  onTestFinished(() => commit.mockRestore());
  const takesTurns = (is: boolean): void => {
    if (is) commit.mockRestore();
    else commit.mockRejectedValue(new StoreUnavailable('it is away'));
  };
  /** As one does that is behind when it takes over. */
  const loses = (session: string): void => {
    const store = new DatabaseSync(file, { timeout: 10_000 });
    store.prepare('DELETE FROM sessions WHERE session = ?').run(session);
    store.close();
  };
  const dropped = async (): Promise<number> =>
    gateway.metric('gateway_context_operations_total', { op: 'write-behind', outcome: 'erased' });
  return { ...sdk(gateway), gateway, takesTurns, loses, dropped };
}

const input = 'My account number is 4711.';
const UNKNOWN = { status: 404, code: 'session_unknown' };
const AWAY = { status: 503, code: 'store_unavailable' };

it('a response that waits for the store is not unknown: it is written, and deleted', async () => {
  const { responses, takesTurns } = await world();
  takesTurns(false);
  const { id } = await responses.create({ model: 'smart', input });
  await expect(responses.delete(id)).rejects.toMatchObject(AWAY);
  takesTurns(true);
  await responses.delete(id);
  await expect(responses.retrieve(id)).rejects.toMatchObject(UNKNOWN);
});

it('so is an item of a turn that waits', async () => {
  const { responses, conversations, takesTurns } = await world();
  const { id } = await conversations.create();
  takesTurns(false);
  const { output } = await responses.create({ model: 'smart', input, conversation: id });
  const item = output.at(-1)?.id as string;
  const place = { conversation_id: id };
  await expect(conversations.items.delete(item, place)).rejects.toMatchObject(AWAY);
  takesTurns(true);
  await conversations.items.delete(item, place);
  await expect(conversations.items.retrieve(item, place)).rejects.toMatchObject(UNKNOWN);
  expect((await conversations.items.list(id)).data).toHaveLength(1);
});

it('a conversation that the store has lost is deleted with what waits of it', async () => {
  const { responses, conversations, takesTurns, loses, dropped } = await world();
  const { id } = await conversations.create();
  takesTurns(false);
  await responses.create({ model: 'smart', input, conversation: id });
  loses(id);
  expect(await conversations.delete(id)).toMatchObject({ id, deleted: true });
  takesTurns(true);
  expect(await dropped()).toBe(1);
  await expect(conversations.retrieve(id)).rejects.toMatchObject(UNKNOWN);
  await expect(conversations.delete(id)).rejects.toMatchObject(UNKNOWN);
});
