// The probes that ship, as they are run: by `hypercare probe`, against a model that knows its prompt and nothing else.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { beforeEach, expect, it, onTestFinished, vi } from 'vitest';
import { parse } from 'yaml';
import type { ProbeReport } from '../../src/context/probes/report.ts';
import { aiGateway, CLIENT_KEY, modelService } from '../helpers/ai.ts';
import { backend } from '../helpers/backend.ts';
import { called } from '../helpers/command.ts';
import { eventually, type TestGateway } from '../helpers/gateway.ts';
import { startRedis } from '../helpers/redis-server.ts';

const SHIPPED = 'config/examples/probes';

beforeEach(() => {
  vi.stubEnv('HYPERCARE_PROBE_KEY', CLIENT_KEY);
  return () => vi.unstubAllEnvs();
});

/** What the command ends with, and its report on each file; `hooks` are `NAME=COMMAND`. */
async function probed(
  gateway: TestGateway,
  files: readonly string[],
  hooks: readonly string[] = [],
  more: readonly string[] = [],
) {
  const { code, said } = await called(
    'probe',
    ...files.map((file) => join(SHIPPED, file)),
    '--json',
    ...['--model', 'smart'],
    ...['--url', `${gateway.url}/v1`],
    ...['--admin', gateway.adminUrl],
    ...hooks.flatMap((hook) => ['--hook', hook]),
    ...more,
  );
  const lines = said.trim().split('\n');
  return { code, reports: lines.map((line) => JSON.parse(line) as ProbeReport) };
}

it('all that need nobody’s hand pass, through tools, edits and a reload', async () => {
  const gateway = await aiGateway([await modelService()], { context: { enabled: true } });
  const files = (await readdir(SHIPPED)).filter((file) => file !== 'disturbed.yaml');
  expect(files).toContain('tools.yaml');
  const { code, reports } = await probed(gateway, files);
  const passed = { outcome: 'passed', recall: 1, faults: [], skipped: [] };
  expect(reports).toMatchObject(files.map((file) => ({ probe: file.replace('.yaml', ''), ...passed })));
  expect(code).toBe(0);
  // The gateway did build itself anew.
  expect(gateway.lines.filter(({ msg }) => msg === 'revision serves anew')).toHaveLength(2);
});

it('with the window of the example what was planted is in a summary when it is asked for, and comes back from any distance', async () => {
  const { context } = parse(await readFile('config/examples/conversations.yaml', 'utf8')) as {
    context: { compaction: object };
  };
  const gateway = await aiGateway([await modelService()], {
    context: { enabled: true, compaction: context.compaction },
  });
  const { code, reports } = await probed(gateway, ['several-facts.yaml']);
  expect(reports.flatMap(({ answers }) => answers.filter(({ found }) => !found))).toEqual([]);
  expect(reports).toMatchObject([
    {
      outcome: 'passed',
      recall: 1,
      byDistance: { '10-19': { asked: 4, found: 4 }, '50+': { asked: 3, found: 3 } },
      statuses: { new: 1, hit: 111 },
    },
  ]);
  expect(code).toBe(0);
  expect(await gateway.metric('gateway_context_compactions_total', { outcome: 'by_facts' })).toBeGreaterThan(
    0,
  );
  const summed = gateway.lines.flatMap(({ context: row }) => {
    const { op, session, version } = (row ?? {}) as { op?: string; session?: string; version?: number };
    return op === 'compact' && session?.startsWith('probe-') ? [version] : [];
  });
  // The last fact is planted in turn 7, and asked for again from turn 110 on.
  expect(summed[0]).toBeGreaterThanOrEqual(7);
});

it('recall by distance tells a gateway that forgets what is old: near questions are answered, far ones are not', async () => {
  const service = await modelService();
  // A gateway in between that leaves out all but the last messages, and has no summary of the others.
  const forgetful = await backend(async (request, response) => {
    const body = JSON.parse(await text(request)) as { messages: unknown[] };
    const answer = await fetch(`${service.url}${request.url}`, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        authorization: String(request.headers.authorization),
      },
      body: JSON.stringify({ ...body, messages: body.messages.slice(-60) }),
    });
    response.setHeader('content-type', 'application/json').end(await answer.text());
  });
  const gateway = await aiGateway([forgetful], { context: { enabled: true } });
  const { code, reports } = await probed(gateway, ['several-facts.yaml']);
  expect(reports).toMatchObject([
    {
      outcome: 'forgot',
      byDistance: { '10-19': { asked: 4, found: 4 }, '50+': { asked: 3, found: 0 } },
    },
  ]);
  expect(code).toBe(1);
});

it('nothing is forgotten where Redis restarts and the first model fails, as commands of hooks have it', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'probe-'));
  onTestFinished(() => rm(dir, { recursive: true, force: true }));
  const redis = await startRedis({ dir });
  onTestFinished(() => redis.stop());
  const [first, backup] = [await modelService('first'), await modelService('backup')];
  const gateway = await aiGateway([first, backup], {
    store: { url: redis.url, timeout: '10s' },
    context: { enabled: true },
  });
  const hands: Record<string, () => unknown> = {
    'redis-restart': async () => {
      await redis.restart();
      await eventually(async () => {
        const status = await fetch(`${gateway.adminUrl}/api/status`);
        return ((await status.json()) as { store: { isUp: boolean } }).store.isUp;
      }, 60_000);
    },
    fail: () => first.faults.set({ status: 500 }),
    heal: () => first.faults.clear(),
  };
  const done: [hook: string, answersOfBackup: number][] = [];
  const operator = await backend(async ({ url = '' }, response) => {
    const hook = url.slice(1);
    await hands[hook]?.();
    done.push([hook, backup.stats.requests]);
    response.end();
  });
  const before = redis.pid;
  const hooks = Object.keys(hands).map((hook) => {
    const ask = `fetch('${operator.url}/${hook}').then(({ ok }) => process.exit(ok ? 0 : 1))`;
    return `${hook}="${process.execPath}" -e "${ask}"`;
  });
  const { code, reports } = await probed(gateway, ['disturbed.yaml'], hooks);
  expect(reports).toMatchObject([{ outcome: 'passed', recall: 1, faults: [], skipped: [] }]);
  expect(code).toBe(0);
  // What was said while the first one failed was answered by the other: a question, and two turns of small talk.
  expect(done).toEqual([
    ['redis-restart', 0],
    ['fail', 0],
    ['heal', 3],
  ]);
  expect(redis.pid).not.toBe(before);
});

it('a hook whose command fails is told, and so is which ones have none', async () => {
  const gateway = await aiGateway([await modelService()], { context: { enabled: true } });
  const { code, reports } = await probed(gateway, ['disturbed.yaml'], ['redis-restart=exit 3']);
  const what = 'the command of the hook redis-restart ended with 3';
  expect(reports).toMatchObject([
    { outcome: 'broken', recall: 1, faults: [{ step: 3, what }], skipped: [5, 8] },
  ]);
  expect(code).toBe(1);
});

it('a hook whose command does not end is ended with all that it has started, and the rest is run', async () => {
  const gateway = await aiGateway([await modelService()], { context: { enabled: true } });
  const left = Promise.withResolvers<void>();
  const silent = await backend((request) => request.socket.once('close', left.resolve));
  // The shell waits for what it has started.
  const hook = `redis-restart="${process.execPath}" -e "fetch('${silent.url}')" & wait`;
  const { code, reports } = await probed(gateway, ['disturbed.yaml'], [hook], ['--hook-timeout', '8']);
  const what = 'the command of the hook redis-restart was ended after 8 s';
  expect(reports).toMatchObject([{ outcome: 'broken', recall: 1, faults: [{ step: 3, what }] }]);
  expect(code).toBe(1);
  await left.promise;
});

it.each([
  ['SIGINT', 130],
  ['SIGTERM', 143],
] as const)('%s ends a hook that runs with all that it has started, and tells how far it came', async (name, code) => {
  const gateway = await aiGateway([await modelService()], { context: { enabled: true } });
  const came = Promise.withResolvers<void>();
  const left = Promise.withResolvers<void>();
  const silent = await backend((request) => {
    request.socket.once('close', left.resolve);
    came.resolve();
  });
  const command = `"${process.execPath}" -e "fetch('${silent.url}')" & wait`;
  const args = ['probe', join(SHIPPED, 'disturbed.yaml'), '--model', 'smart', '--json'];
  const where = ['--url', `${gateway.url}/v1`, '--hook', `redis-restart=${command}`];
  // A process of its own: a terminal's Ctrl-C reaches it, and not the group of what it has started.
  const child = spawn(process.execPath, ['src/main.ts', ...args, ...where], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  const [said, exit] = [text(child.stdout), once(child, 'exit')];
  await came.promise;
  child.kill(name);
  // npm passes on what its whole group was sent: the same wish once more.
  await sleep(5);
  child.kill(name);
  expect(await exit).toEqual([code, null]);
  const what = `the command of the hook redis-restart was ended: it was broken off by ${name}`;
  expect(JSON.parse(await said)).toMatchObject({ outcome: 'broken', faults: [{ step: 3, what }] });
  await left.promise;
});
