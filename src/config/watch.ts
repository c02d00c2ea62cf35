import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { watch as watchFolders } from 'chokidar';
import { watchPoints } from './watch-points.ts';

export interface WatchOptions {
  /** Milliseconds of quiet after which the files are looked at: an editor writes in several steps. */
  debounceMs?: number;
  /** What `${file:…}` reads, from `LoadedConfig.files` or `ConfigError.files`. */
  files?: readonly string[];
  /** The watcher failed (no more inotify watches, say): changes may go unseen. */
  onError?: (error: unknown) => void;
  /** A file is there and can't be read (it has become another user's, say). Told once, until it can be read or is gone. */
  onUnreadable?: (file: string, error: unknown) => void;
}

export interface ConfigWatch {
  /** Resolves when changes are seen from now on. */
  ready: Promise<void>;
  /** Watches these files beside the configuration, instead of those before. */
  follow(files: readonly string[]): void;
  close(): Promise<void>;
}

/**
 * Calls `onChange` when what the file holds has become something else: written in place, renamed over, or swapped
 * through a symbolic link. Touching a file is no change, and neither is its absence, which is a step on the way of
 * many editors.
 */
export function watchConfig(file: string, onChange: () => void, options: WatchOptions = {}): ConfigWatch {
  const { debounceMs = 50, onError = () => undefined, onUnreadable = () => undefined } = options;
  let watched = [file, ...(options.files ?? [])].map((each) => resolve(each));
  let points = new Set<string>();
  let folders = new Set<string>();
  // At once, so that nothing slips in between what the caller has just loaded and this.
  let { hashes: known, unreadable } = contents(watched);
  let timer: NodeJS.Timeout | undefined;
  let closed = false;

  const watcher = watchFolders([], {
    // Says "add" once it sees a new path: what changed before that moment is then looked for.
    ignoreInitial: false,
    followSymlinks: false,
    depth: 0,
    // A folder may be full of other things, and each would cost a watch.
    ignored: (path) => !folders.has(path) && !points.has(path),
  });

  const aim = (): void => {
    const before = points;
    points = new Set(watched.flatMap(pointsOf));
    const fresh = points.difference(before);
    if (fresh.size === 0 && points.size === before.size) return;
    const left = folders;
    folders = new Set([...points].map((point) => dirname(point)));
    watcher.unwatch([...left.difference(folders)]);
    // The points beside their folders: a folder that is watched already is not read again.
    watcher.add([...folders.difference(left), ...fresh]);
  };

  const look = (): void => {
    const now = contents(watched);
    const changed = [...now.hashes].some(([path, hash]) => known.get(path) !== hash);
    known = new Map([...known, ...now.hashes]);
    for (const [path, error] of now.unreadable) if (!unreadable.has(path)) onUnreadable(path, error);
    unreadable = now.unreadable;
    aim();
    if (changed) onChange();
  };

  const schedule = (): void => {
    clearTimeout(timer);
    if (!closed) timer = setTimeout(look, debounceMs);
  };

  watcher.on('all', schedule).on('error', onError);
  // What changed while the watcher got ready is looked for once it is.
  const ready = new Promise<void>((done) => watcher.once('ready', () => done())).then(schedule);
  aim();
  return {
    ready,
    follow(files) {
      watched = [file, ...files].map((each) => resolve(each));
      aim();
      schedule();
    },
    async close() {
      closed = true;
      clearTimeout(timer);
      await watcher.close();
    },
  };
}

/** An unreadable folder on the way is like a missing one: it may become readable. */
function pointsOf(file: string): string[] {
  try {
    return watchPoints(file);
  } catch {
    return [file];
  }
}

interface Contents {
  /** SHA-256 of each file that can be read. What one held last stays known where it is not there at the moment. */
  readonly hashes: ReadonlyMap<string, string>;
  /** Of each that is there and can't be: why. */
  readonly unreadable: ReadonlyMap<string, unknown>;
}

function contents(files: readonly string[]): Contents {
  const hashes = new Map<string, string>();
  const unreadable = new Map<string, unknown>();
  for (const file of files) {
    try {
      hashes.set(file, createHash('sha256').update(readFileSync(file)).digest('hex'));
    } catch (error) {
      if (!isAbsence(error)) unreadable.set(file, error);
    }
  }
  return { hashes, unreadable };
}

const isAbsence = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ENOTDIR');
