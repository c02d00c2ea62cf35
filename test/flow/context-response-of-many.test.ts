// Clients of OpenAI's API read one response by its id, or what it was asked with, of a conversation that has others.
import type OpenAI from 'openai';
import { expect, it } from 'vitest';
import { responseId } from '../../src/context/response-id.ts';
import { admin } from '../helpers/admin.ts';
import { aiGateway, asAnthropic, modelService, sdk } from '../helpers/ai.ts';

const ON = { context: { enabled: true } };

it('a turn that failed is no response: what was answered before it is neither shown nor deleted by its id', async () => {
  const service = await modelService();
  const gateway = await aiGateway([asAnthropic(service)], ON);
  const { responses } = sdk(gateway);
  const headers = { 'x-session-id': 's1' };
  const faults = (status?: number) =>
    fetch(`${service.url}/__sandbox/faults`, {
      method: 'PUT',
      body: JSON.stringify(status ? { status } : {}),
    });
  const one = await responses.create({ model: 'smart', input: 'one' }, { headers });
  await faults(503);
  await expect(responses.create({ model: 'smart', input: 'two' }, { headers })).rejects.toThrow();
  await faults();
  const { turns } = (await admin(gateway, '/api/sessions/s1?consumer=app')).body as {
    turns: { id: string; status: string }[];
  };
  expect(turns.map(({ status }) => status)).toEqual(['complete', 'failed']);
  const failed = responseId('s1', turns[1]?.id as string);
  await expect(responses.retrieve(failed)).rejects.toMatchObject({ status: 404 });
  await expect(responses.delete(failed)).rejects.toMatchObject({ status: 404 });
  expect((await responses.retrieve(one.id)).output_text).toBe(one.output_text);
});

it('the input of a response is the chain that it follows, page by page, in either order', async () => {
  const { responses } = sdk(await aiGateway([asAnthropic(await modelService())], ON));
  let previous: string | null = null;
  for (const input of ['one', 'two', 'three']) {
    const made: OpenAI.Responses.Response = await responses.create({
      model: 'smart',
      input,
      previous_response_id: previous,
    });
    previous = made.id;
  }
  const id = previous as string;
  const rolesOf = async (order: 'asc' | 'desc') => {
    const roles: string[] = [];
    for await (const item of responses.inputItems.list(id, { order, limit: 2 }))
      roles.push('role' in item ? String(item.role) : item.type);
    return roles;
  };
  const chain = ['user', 'assistant', 'user', 'assistant', 'user'];
  expect([await rolesOf('asc'), await rolesOf('desc')]).toEqual([chain, chain.toReversed()]);
});
