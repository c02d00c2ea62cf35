import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isRight, originOf, untilServes } from './ask.ts';
import type { Started } from './processes.ts';
import type { Call, Case, Ground, Subject, Upstream } from './suite.ts';

/** A subject that serves. */
export interface Alive {
  subject: Subject;
  started: Started;
  origin: string;
  /** The request as this subject's clients send it. */
  asked(by: Case): Case;
}

/** The upstream that answers behind the subjects, and where its files are. */
export interface Site {
  upstream: Started;
  folder: string;
  profileTo: string | undefined;
}

/** The same values, the one at `by` first and then forth or back in turns: nobody is always first or always after the same one. */
export const rotated = <T>(values: readonly T[], by: number): T[] =>
  values.map((_, i) => values.at((by % 2 === 0 ? by + i : by - i) % values.length) as T);

/** Which of the subjects can be measured here, and why the others can't. */
export function presentOf(
  subjects: readonly Subject[],
  { wants }: Call,
): { present: Subject[]; missing: { subject: string; why: string }[] } {
  const wanted = subjects.filter(({ name }) => wants(name));
  const missing = wanted.flatMap((subject) => {
    const why = subject.missing();
    return why === null ? [] : [{ subject: subject.name, why }];
  });
  const absent = new Set(missing.map(({ subject }) => subject));
  return { present: wanted.filter(({ name }) => !absent.has(name)), missing };
}

/** Starts an upstream, does something with it, and takes both away. */
export async function onSite<T>(
  upstream: Upstream,
  first: Case,
  { profileTo }: Call,
  act: (site: Site) => Promise<T>,
): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), 'hypercare-bench-'));
  let started: Started | undefined;
  try {
    started = await upstream.start({ folder });
    await untilServes(upstream, started, first);
    return await act({ upstream: started, folder, profileTo });
  } finally {
    await started?.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The upstream itself, asked without anything between. */
export const upstreamOf = ({ upstream }: Pick<Site, 'upstream'>, name: string): Alive => ({
  subject: { name, what: '', missing: () => null, start: async () => upstream },
  started: upstream,
  origin: originOf(upstream),
  asked: (by) => by,
});

/**
 * Starts a fresh process for a subject and waits until it serves.
 * @param serving what the first answer has to be for that
 */
export async function bringUp(
  site: Site,
  subject: Subject,
  first: Case,
  serving: 'any' | 'right' = 'any',
): Promise<Alive> {
  const folder = mkdtempSync(join(site.folder, 'subject-'));
  if (site.profileTo) mkdirSync(site.profileTo, { recursive: true });
  const ground: Ground = { folder, upstreamPort: site.upstream.port, profileTo: site.profileTo };
  const started = await subject.start(ground);
  const origin = originOf(started);
  const headers = subject.headers?.(ground);
  const asked = (by: Case): Case => ({
    ...by,
    path: subject.path ?? by.path,
    headers: { ...by.headers, ...headers },
  });
  try {
    const wanted = asked(first);
    await untilServes(
      subject,
      started,
      wanted,
      (answer) => serving === 'any' || isRight(subject, wanted, answer),
    );
    await subject.prove?.(origin);
  } catch (error) {
    await started.stop().catch(() => undefined);
    throw error;
  }
  return {
    subject,
    origin,
    asked,
    started: {
      ...started,
      async stop() {
        await started.stop();
        rmSync(folder, { recursive: true, force: true });
      },
    },
  };
}

/** Brings subjects up, does something with all of them alive, and stops all, whatever one of them says. */
export async function withAlive<T>(
  site: Site,
  subjects: readonly Subject[],
  first: Case,
  act: (alive: Alive[]) => Promise<T>,
): Promise<T> {
  const alive: Alive[] = [];
  const failures: unknown[] = [];
  let result: T;
  try {
    for (const subject of subjects) alive.push(await bringUp(site, subject, first));
    result = await act(alive);
  } finally {
    // A server that is left running would keep this process from ending.
    const stopped = await Promise.allSettled(alive.map(({ started }) => started.stop()));
    failures.push(...stopped.flatMap((outcome) => (outcome.status === 'rejected' ? [outcome.reason] : [])));
  }
  if (failures.length > 0) throw failures[0];
  return result;
}
