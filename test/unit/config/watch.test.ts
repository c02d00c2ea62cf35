import {
  mkdirSync,
  mkdtempSync,
  realpathSync,
  renameSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { type ConfigWatch, watchConfig } from '../../../src/config/watch.ts';

vi.setConfig({ testTimeout: 20_000 });

let folder: string;
let watch: ConfigWatch | undefined;
let changes = 0;

beforeEach(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), 'watch-')));
  changes = 0;
});
afterEach(async () => {
  await watch?.close();
  rmSync(folder, { recursive: true });
});

const at = (...names: string[]): string => join(folder, ...names);
const write = (name: string, text: string): void => writeFileSync(at(name), text);
const changesAre = (count: number) =>
  vi.waitFor(() => expect(changes).toBe(count), { timeout: 8000, interval: 10 });

async function start(name: string, files: string[] = []): Promise<void> {
  const count = () => {
    changes += 1;
  };
  watch = watchConfig(at(name), count, { debounceMs: 20, files });
  await watch.ready;
}

it('a file written in place is seen, again and again', async () => {
  write('g.yaml', '1');
  await start('g.yaml');
  for (let round = 1; round <= 3; round += 1) {
    write('g.yaml', `round ${round}`);
    await changesAre(round);
  }
});

it('an editor that renames its new file over the old one is seen, again and again', async () => {
  write('g.yaml', '1');
  await start('g.yaml');
  for (let round = 1; round <= 3; round += 1) {
    write('.g.swp', `round ${round}`);
    renameSync(at('.g.swp'), at('g.yaml'));
    await changesAre(round);
  }
});

it('Kubernetes swaps ..data, and each swap is seen', async () => {
  const publish = (version: number): void => {
    mkdirSync(at(`..v${version}`));
    write(`..v${version}/g.yaml`, `version ${version}`);
    symlinkSync(`..v${version}`, at('..data_tmp'));
    renameSync(at('..data_tmp'), at('..data'));
    rmSync(at(`..v${version - 1}`), { recursive: true, force: true });
  };
  publish(1);
  symlinkSync('..data/g.yaml', at('g.yaml'));
  await start('g.yaml');
  for (let round = 1; round <= 3; round += 1) {
    publish(round + 1);
    await changesAre(round);
  }
});

it('a folder that is itself a link may be swapped', async () => {
  for (const version of ['a', 'b']) {
    mkdirSync(at(version));
    write(`${version}/g.yaml`, version);
  }
  symlinkSync('a', at('current'));
  await start('current/g.yaml');
  symlinkSync('b', at('next'));
  renameSync(at('next'), at('current'));
  await changesAre(1);
  write('b/g.yaml', 'b2');
  await changesAre(2);
});

it('a secret that ${file:…} reads is watched, though it may not be there yet', async () => {
  write('g.yaml', '1');
  await start('g.yaml', [at('secrets/token')]);
  mkdirSync(at('secrets'));
  write('secrets/token', 'one');
  await changesAre(1);
  write('secrets/token', 'two');
  await changesAre(2);
  write('other', '1');
  watch?.follow([at('other')]);
  write('other', '2');
  await changesAre(3);
});

it('what holds the same as before has not changed', async () => {
  write('g.yaml', '1');
  await start('g.yaml');
  utimesSync(at('g.yaml'), new Date(), new Date());
  write('g.yaml', '1');
  write('neighbour.yaml', 'x');
  rmSync(at('g.yaml'));
  write('g.yaml', '1');
  write('g.yaml', '2');
  await changesAre(1);
});

it('a file that is there and can not be read is told of, once until it can be', async () => {
  const told: string[] = [];
  write('g.yaml', '1');
  watch = watchConfig(at('g.yaml'), () => changes++, {
    debounceMs: 20,
    files: [at('token')],
    onUnreadable: (file) => told.push(file),
  });
  await watch.ready;
  // A link to itself: tests run as root, who may read everything else.
  const shut = (): void => {
    symlinkSync('g.yaml', at('loop'));
    renameSync(at('loop'), at('g.yaml'));
  };
  shut();
  await vi.waitFor(() => expect(told).toEqual([at('g.yaml')]), { timeout: 8000, interval: 10 });
  write('token', 'one');
  await changesAre(1);
  write('.g.swp', '2');
  renameSync(at('.g.swp'), at('g.yaml'));
  await changesAre(2);
  expect(told).toEqual([at('g.yaml')]);
  shut();
  await vi.waitFor(() => expect(told).toHaveLength(2), { timeout: 8000, interval: 10 });
});

it('after close nothing is called', async () => {
  write('g.yaml', '1');
  await start('g.yaml');
  write('g.yaml', '2');
  await watch?.close();
  write('g.yaml', '3');
  expect(changes).toBe(0);
});
