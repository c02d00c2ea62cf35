import { expect, test } from 'vitest';
import { ChannelError } from '../../../src/lib/channel.ts';
import { ServedFile } from '../../../src/server/served-file.ts';

test('that the process which reads a config has died says nothing of the config', async () => {
  const desk = {
    load: async () => {
      throw new ChannelError('the process that reads configurations has ended (SIGKILL)');
    },
  };
  const served = new ServedFile(
    { text: 'version: 1\n', hash: '0'.repeat(64) } as never,
    {
      file: '/nowhere/gateway.yaml',
      env: {},
      desk,
      reload: { revision: 1 },
      meters: { reloads: { inc: () => undefined } },
    } as never,
  );
  const change = { author: 'ada', note: '', matches: () => true, written: null, dryRun: true };
  await expect(served.revise({ ...change, text: () => 'version: 1 #\n' })).rejects.toMatchObject({
    code: 'worker_unresponsive',
    isRetryable: true,
    detail: expect.stringContaining('SIGKILL'),
  });
});
