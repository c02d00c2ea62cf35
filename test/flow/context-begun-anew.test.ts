// While a person's conversations are given out or erased one of them ends, and somebody else begins another by its id.
import { expect, it, onTestFinished, vi } from 'vitest';
import { SqliteSessions } from '../../src/stores/sqlite/sessions.ts';
import { admin } from '../helpers/admin.ts';
import { aiGateway, chat } from '../helpers/ai.ts';
import { knowingProvider } from '../helpers/knowing-provider.ts';

async function world() {
  const gateway = await aiGateway([await knowingProvider()], { context: { enabled: true } });
  const say = (user: string, content: string) =>
    chat(
      gateway,
      { model: 'smart', user, messages: [{ role: 'user', content }] },
      { 'x-session-id': 'chat-42' },
    );
  const theirs = (path: string) => `/api/${path}user=ann`;
  /** Once its sessions were listed, its first has ended, and is begun by somebody. */
  const begunMeanwhileBy = (user: string): void => {
    const { list } = SqliteSessions.prototype;
    const listing = vi.spyOn(SqliteSessions.prototype, 'list');
    onTestFinished(() => listing.mockRestore());
    listing.mockImplementationOnce(async function (this: SqliteSessions, ...given) {
      const listed = await list.apply(this, given);
      await admin(gateway, '/api/sessions/chat-42?consumer=app', { method: 'DELETE' });
      await say(user, `I am ${user}, and this is new.`);
      return listed;
    });
  };
  const state = async () => (await admin(gateway, '/api/sessions/chat-42?consumer=app')).body.state as string;
  await say('ann', 'I am ann.');
  return { gateway, theirs, begunMeanwhileBy, state };
}

it('what a person is given has nobody else’s words', async () => {
  const { gateway, theirs, begunMeanwhileBy } = await world();
  begunMeanwhileBy('bob');
  expect((await admin(gateway, theirs('context/app/export?'))).body).toEqual({ items: [] });
});

it('their own next conversation by the same id is theirs', async () => {
  const { gateway, theirs, begunMeanwhileBy } = await world();
  begunMeanwhileBy('ann');
  const { body } = await admin(gateway, theirs('context/app/export?'));
  expect(JSON.stringify(body)).toContain('and this is new');
});

it('who is erased takes nobody else’s conversation along', async () => {
  const { gateway, theirs, begunMeanwhileBy, state } = await world();
  begunMeanwhileBy('bob');
  const erased = await admin(gateway, theirs('sessions?consumer=app&'), { method: 'DELETE' });
  expect([erased.body, await state()]).toEqual([{ erased: 0 }, 'active']);
});

it('what they have begun themselves meanwhile goes as well', async () => {
  const { gateway, theirs, begunMeanwhileBy, state } = await world();
  begunMeanwhileBy('ann');
  const erased = await admin(gateway, theirs('sessions?consumer=app&'), { method: 'DELETE' });
  expect([erased.body, await state()]).toEqual([{ erased: 1 }, 'erased']);
});
