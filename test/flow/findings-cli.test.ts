import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { admin } from '../helpers/admin.ts';
import { eventually, testGateway } from '../helpers/gateway.ts';
import { detection, toldEngine } from '../helpers/told-engine.ts';

const TOKEN = 'a-token-of-the-cli';
const run = promisify(execFile);

it('the command line lists, shows and reports what the admin API has, and signs off nothing that is not proven', async () => {
  const engine = toldEngine();
  const gateway = await testGateway({ admin: { token: TOKEN } }, { engine });
  engine.say('opened', detection());
  const { id } = await eventually(
    async () => (await admin(gateway, '/api/findings', { token: TOKEN })).body.findings[0],
  );
  const hypercare = (...args: string[]) =>
    run(process.execPath, ['src/main.ts', ...args, '--admin', gateway.adminUrl], {
      env: { ...process.env, HYPERCARE_ADMIN_TOKEN: TOKEN },
    });

  expect((await hypercare('findings')).stdout).toContain(id);
  expect((await hypercare('show', id)).stdout).toContain('jq -c');
  expect((await hypercare('report')).stdout).toContain('# Hypercare');
  await expect(hypercare('signoff')).rejects.toMatchObject({
    code: 1,
    stdout: expect.stringContaining('data is missing'),
  });
  await expect(hypercare('show', 'none')).rejects.toMatchObject({
    code: 1,
    stderr: expect.stringContaining('404'),
  });
});
