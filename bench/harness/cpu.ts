import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';

interface Stat {
  parent: number;
  /** User and system time of all threads, in ticks. */
  own: number;
  /** The same of children that have ended and were waited for. */
  ended: number;
}

let microsecondsATick: number | undefined;

/** Microseconds: no time in the accounting is finer. */
export function tick(): number {
  microsecondsATick ??= 1e6 / Number(execFileSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }));
  return microsecondsATick;
}

/** proc(5): the fields after the last `)`, since a process may have any name. */
function stat(pid: number | 'self'): Stat | null {
  let text: string;
  try {
    text = readFileSync(`/proc/${pid}/stat`, 'utf8');
  } catch {
    return null; // it has ended
  }
  const fields = text
    .slice(text.lastIndexOf(')') + 2)
    .split(' ')
    .map(Number);
  const field = (number: number): number => fields[number - 3] ?? 0;
  return { parent: field(4), own: field(14) + field(15), ended: field(16) + field(17) };
}

/** Whether the kernel's accounting can be read here: Linux. */
export const hasCpuAccounting = (): boolean => existsSync('/proc/self/stat');

/** A process and everything below it: nginx's master does nothing, its worker all. */
function family(pid: number): Map<number, Stat> {
  const all = new Map<number, Stat>();
  for (const name of readdirSync('/proc')) {
    const found = /^\d+$/.test(name) ? stat(Number(name)) : null;
    if (found) all.set(Number(name), found);
  }
  const members = new Map<number, Stat>();
  const add = (member: number): void => {
    const own = all.get(member);
    if (!own) return;
    members.set(member, own);
    for (const [other, { parent }] of all) if (parent === member) add(other);
  };
  add(pid);
  return members;
}

/** Microseconds of user and system time that a process, its threads and its descendants have used. */
export function cpuMicroseconds(pid: number): number {
  let ticks = 0;
  for (const { own, ended } of family(pid).values()) ticks += own + ended;
  return ticks * tick();
}

/** Microseconds that the children of this process have used that have ended: the generator, in a window. */
export const endedChildrenMicroseconds = (): number => (stat('self')?.ended ?? 0) * tick();

/** Resident memory of a process and its descendants, in megabytes. */
export function residentMegabytes(pid: number): number {
  let kilobytes = 0;
  for (const member of family(pid).keys()) {
    try {
      kilobytes += Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${member}/status`, 'utf8'))?.[1] ?? 0);
    } catch {
      // It has ended in between.
    }
  }
  return kilobytes / 1024;
}

/** Microseconds that all cores of the machine together have been busy or were taken by the host, since it started. */
export function machineBusyMicroseconds(): number {
  const [, user = 0, nice = 0, system = 0, , , irq = 0, softirq = 0, steal = 0] = readFileSync(
    '/proc/stat',
    'utf8',
  )
    .split('\n', 1)
    .flatMap((line) => line.split(/\s+/).map(Number));
  return (user + nice + system + irq + softirq + steal) * tick();
}

/** Microseconds that this process and its ended children have used. */
export function ownMicroseconds(): number {
  const { own = 0, ended = 0 } = stat('self') ?? {};
  return (own + ended) * tick();
}
