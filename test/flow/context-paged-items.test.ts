// Who reads a conversation page by page, while somebody deletes in it, goes on from where they were.
import { expect, it } from 'vitest';
import { admin } from '../helpers/admin.ts';
import { aiGateway, sdk } from '../helpers/ai.ts';
import { knowingProvider } from '../helpers/knowing-provider.ts';

type Order = 'asc' | 'desc';

/** Four items that were put in at once, and two turns. */
async function conversation() {
  const provider = { kind: 'deepseek', baseUrl: `${(await knowingProvider()).url}/v1` };
  const gateway = await aiGateway([provider], { context: { enabled: true } });
  const { conversations, responses } = sdk(gateway);
  const items = ['one', 'two', 'three', 'four'].map((content) => ({ role: 'user' as const, content }));
  const { id } = await conversations.create({ items });
  const first = await responses.create({ model: 'smart', input: 'five', conversation: id });
  const last = await responses.create({ model: 'smart', input: 'six', conversation: id });
  const page = (order: Order, after?: string, limit = 100) =>
    conversations.items.list(id, { order, limit, ...(after !== undefined && { after }) });
  const ids = async (order: Order, after?: string) =>
    (await page(order, after)).data.map((item) => item.id as string);
  const remove = (item: string) => conversations.items.delete(item, { conversation_id: id });
  return { gateway, id, responses, first, last, page, ids, remove };
}

it.each([
  'asc',
  'desc',
] as const)('each page is followed by the next, though its last item was deleted (%s)', async (order) => {
  const { page, ids, remove } = await conversation();
  const all = await ids(order);
  const seen: string[] = [];
  for (let next: string | undefined, more = true; more; ) {
    const { data, has_more, last_id } = await page(order, next, 2);
    seen.push(...data.map((item) => item.id as string));
    await remove(last_id);
    [next, more] = [last_id, has_more];
  }
  expect(seen).toEqual(all);
  expect(await ids(order)).toEqual(all.filter((_, at) => at % 2 === 0));
});

it('what follows an item follows it for good, whatever was deleted around it', async () => {
  const { gateway, id, responses, first, last, ids, remove } = await conversation();
  const all = await ids('asc');
  const gone = new Set<string>();
  const holds = async () => {
    for (const [at, item] of all.entries()) {
      expect(await ids('asc', item)).toEqual(all.slice(at + 1).filter((each) => !gone.has(each)));
      expect(await ids('desc', item)).toEqual(
        all
          .slice(0, at)
          .reverse()
          .filter((each) => !gone.has(each)),
      );
    }
  };
  for (const at of [1, 2, 0]) {
    await remove(all[at] as string);
    gone.add(all[at] as string);
    await holds();
  }
  // What a person has put in the place of an answer has its id, and is deleted by that.
  const { turns } = (await admin(gateway, `/api/sessions/${id}?consumer=app`)).body;
  const body = { turn: turns[1].id, text: 'I know.', reason: 'a slip' };
  expect((await admin(gateway, `/api/sessions/${id}/corrections?consumer=app`, { body })).status).toBe(200);
  await holds();
  await remove(first.output[0]?.id as string);
  gone.add(first.output[0]?.id as string);
  await holds();
  // All of a turn at once.
  const [input] = (await responses.inputItems.list(last.id)).data;
  await responses.delete(last.id);
  for (const item of [input?.id, last.output[0]?.id]) gone.add(item as string);
  expect(gone.size).toBe(6);
  await holds();
  await expect(ids('asc', 'msg_of_another')).rejects.toMatchObject({ status: 400, param: 'after' });
});

it('so it is with what a response was asked with', async () => {
  const { id, responses, remove } = await conversation();
  const input = ['seven', 'eight', 'nine'].map((content) => ({ role: 'user' as const, content }));
  const asked = await responses.create({ model: 'smart', input, conversation: id });
  const ids = async (after?: string) => {
    const { data } = await responses.inputItems.list(asked.id, {
      order: 'asc',
      ...(after !== undefined && { after }),
    });
    return data.map((item) => item.id as string);
  };
  const [seven = '', eight = '', nine = ''] = await ids();
  await remove(eight);
  expect([await ids(), await ids(seven), await ids(eight), await ids(nine)]).toEqual([
    [seven, nine],
    [nine],
    [nine],
    [],
  ]);
});
