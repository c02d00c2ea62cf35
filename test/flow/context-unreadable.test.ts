// A conversation that can't be opened is answered by nobody, and whoever runs the gateway reads why.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { admin } from '../helpers/admin.ts';
import { aiGateway, sdk } from '../helpers/ai.ts';
import { knowingProvider } from '../helpers/knowing-provider.ts';

it('with a secret that is not that of before all is 503, and the log names what is missing', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'context-'));
  onTestFinished(() => rm(dir, { recursive: true, force: true }));
  const provider = await knowingProvider();
  const open = (encryptWith: string) =>
    aiGateway([{ kind: 'deepseek', baseUrl: `${provider.url}/v1` }], {
      store: { url: `sqlite:${join(dir, 'store.db')}` },
      context: { enabled: true, privacy: { encryptWith } },
    });
  const before = await open('a secret that nobody can guess');
  const { id } = await sdk(before).conversations.create();
  const said = await sdk(before).responses.create({ model: 'smart', input: 'Hello.', conversation: id });
  await before.close();

  const gateway = await open('some other secret than that');
  const whys = () =>
    gateway.lines.flatMap(({ err }) => (err as { message?: string } | undefined)?.message ?? []);
  const { conversations, responses } = sdk(gateway);
  const unavailable = { status: 503, code: 'context_unavailable' };
  await expect(conversations.retrieve(id)).rejects.toMatchObject(unavailable);
  await expect(responses.retrieve(said.id)).rejects.toMatchObject(unavailable);
  expect((await admin(gateway, `/api/sessions/${id}?consumer=app`)).status).toBe(503);
  expect(whys()).toEqual(Array(3).fill(expect.stringContaining('context.privacy.decryptWith')));
});
