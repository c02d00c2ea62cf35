// Probes on a schedule: what they can do in a gateway that is served, and what is refused before anything runs.
import { resolve } from 'node:path';
import { expect, it } from 'vitest';
import { aiGateway, CLIENT_KEY, modelService } from '../helpers/ai.ts';
import { called } from '../helpers/command.ts';
import { eventually } from '../helpers/gateway.ts';

const HOUR_MS = 3_600_000;
const TOKEN = 'token-of-the-probes';
const ASKING = { tokens: [{ name: 'prober', token: TOKEN, rights: ['read', 'write'] }] };

/** A gateway that runs these shipped scripts each hour; `hour` lets one pass. */
async function probing(admin: object, ...probes: { file: string; admin?: object }[]) {
  let now = Date.UTC(2026, 10, 30, 12, 1);
  const configured = probes.map(({ file, ...own }) => ({
    file: resolve('config/examples/probes', file),
    model: 'smart',
    every: '0 * * * *',
    apiKey: CLIENT_KEY,
    ...own,
  }));
  const gateway = await aiGateway(
    [await modelService()],
    { admin, context: { enabled: true, probes: configured } },
    {},
    { now: () => now },
  );
  const hour = async (): Promise<void> => {
    now += HOUR_MS;
    await gateway.tick();
  };
  const runs = (outcome: string) => gateway.metric('gateway_context_probe_runs_total', { outcome });
  return { gateway, hour, runs };
}

it.each([
  ['by its token, where the admin API asks for one', ASKING, { admin: { token: TOKEN } }, 'prober'],
  ['without one, where it asks for none', {}, {}, 'local'],
])('a probe has its gateway build itself anew in the middle, %s', async (_how, admin, own, by) => {
  const { gateway, hour, runs } = await probing(admin, { file: 'reload.yaml', ...own });
  await hour();
  await eventually(async () => (await runs('passed')) === 1, 60_000);
  expect(gateway.lines.filter(({ msg }) => msg === 'revision serves anew')).toHaveLength(2);
  const audited = gateway.lines.flatMap(({ audit }) => (audit ? [audit] : []));
  expect(audited).toMatchObject([
    { by, action: 'renewConfig', outcome: 'ok' },
    { by, action: 'renewConfig', outcome: 'ok' },
  ]);
  expect(await gateway.metric('gateway_config_revision')).toBe(1);
});

it('a script with a step that can’t be done on a schedule is refused when the config is met, and by validate, naming it', async () => {
  const { gateway, hour, runs } = await probing(ASKING, { file: 'disturbed.yaml' }, { file: 'reload.yaml' });
  const reasons = [
    /disturbed\.yaml: step 3 \(hook redis-restart\) is a command, which no gateway runs/,
    /reload\.yaml: step 3 \(reload\) needs the admin API, which asks for a token: .*`admin\.token`/,
  ];
  const refused = gateway.lines.filter(({ msg }) => msg === 'a context probe will not run');
  expect(refused.map(({ err }) => (err as Error).message)).toEqual(
    reasons.map((reason) => expect.stringMatching(reason) as string),
  );
  await hour();
  await eventually(async () => (await runs('not_run')) === 2);
  expect(await runs('partial')).toBe(0);

  const { code, wrong } = await called('validate', gateway.file);

  expect(code).toBe(2);
  for (const [place, reason] of reasons.entries()) {
    expect(wrong).toContain(`context.probes[${place}].file: `);
    expect(wrong).toMatch(reason);
  }
});

it('a probe’s token that opens nothing is refused with the config', async () => {
  const admin = { token: 'of-the-prober-before' };
  await expect(probing(ASKING, { file: 'reload.yaml', admin })).rejects.toThrow(
    /context\.probes\[0\]\.admin\.token.*none of the tokens in admin/s,
  );
});
