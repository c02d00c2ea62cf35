import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { type Gateway, startGateway } from '../../gateway.ts';
import { openLog } from '../../telemetry/logger.ts';
import type { FaultSettings } from '../fault-settings.ts';
import { type Sandbox, startSandbox } from '../sandbox.ts';
import { reviseConfig, type StoryApi, storyApi } from './admin.ts';
import type { People, Story, World } from './story.ts';

export interface StageOptions {
  /** The engine's tick; what it waits for is six of them. */
  readonly tickMs: number;
  readonly visitsPerSecond: number;
}

/** A gateway, a sandbox and people of a story's own, on free ports and in memory. */
export interface Stage {
  readonly gateway: Gateway;
  readonly admin: StoryApi;
  readonly public: StoryApi;
  readonly people: People;
  readonly world: World;
  readonly logFile: string;
  close(): Promise<void>;
}

/** Ticks of peace after which a story's window may end. */
const PEACE_TICKS = 15;

/** Feedback comes from one address here; a shop's comes from everywhere. */
const FEEDBACK = { limits: { perAddress: 100_000, perKey: 100_000 } };

/** Rejects, with nothing left running, when something can't start. */
export async function setStage(story: Story, { tickMs, visitsPerSecond }: StageOptions): Promise<Stage> {
  const sandbox = await startSandbox(story.sandbox);
  const folder = await mkdtemp(join(tmpdir(), 'hypercare-story-'));
  const logFile = join(folder, 'gateway.log');
  let gateway: Gateway;
  try {
    const urls = Object.fromEntries(sandbox.services.map(({ name, url }) => [name, url]));
    const { objectives, ...config } = story.config(urls) as { objectives: unknown };
    const file = join(folder, 'gateway.yaml');
    const whole = {
      version: 1,
      server: { listen: '127.0.0.1:0' },
      admin: { listen: '127.0.0.1:0' },
      store: { url: 'memory:' },
      ...config,
      hypercare: {
        tick: `${tickMs}ms`,
        confirm: `${6 * tickMs}ms`,
        window: {
          name: story.name,
          start: new Date().toISOString(),
          owner: 'the team on call',
        },
        exit: [
          { name: 'nothing-urgent-is-open', maxOpen: { P0: 0, P1: 0 }, for: `${PEACE_TICKS * tickMs}ms` },
        ],
        objectives,
        feedback: FEEDBACK,
      },
    };
    await writeFile(file, stringify(whole));
    await Promise.all(
      Object.entries(story.faults ?? {}).map(([name, faults]) => fault(sandbox, name, faults)),
    );
    const log = openLog('warn', logFile);
    gateway = await startGateway({ file, env: process.env, log, watch: false, processMetrics: false });
  } catch (error) {
    await sandbox.close();
    await rm(folder, { recursive: true, force: true });
    throw error;
  }
  const admin = storyApi(gateway.adminUrl);
  const people = story.people(gateway.url, visitsPerSecond);
  return {
    gateway,
    admin,
    public: storyApi(gateway.url),
    people,
    logFile,
    world: {
      people,
      fault: (service, settings) => fault(sandbox, service, settings),
      revise: (patch) => reviseConfig(gateway.adminUrl, patch),
    },
    close: async () => {
      await people.stop();
      await gateway.close();
      await sandbox.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

async function fault({ services }: Sandbox, name: string, settings: FaultSettings): Promise<void> {
  const service = services.find((each) => each.name === name);
  if (!service) throw new Error(`there is no ${name} in the sandbox`);
  const answer = await fetch(`${service.url}/__sandbox/faults`, {
    method: 'PUT',
    body: JSON.stringify(settings),
  });
  if (!answer.ok) throw new Error(`${name} did not take its faults: ${await answer.text()}`);
}
