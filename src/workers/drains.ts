import type { Finding } from '../upstream/agreement.ts';

interface AboutTarget {
  readonly upstream: string;
  readonly url: string;
}

/** A target that is draining is drained when nothing runs on it in any worker. */
export class Drains<Worker> {
  readonly #take: (finding: Finding) => void;
  /** By target: the workers in which nothing runs on it any more. */
  readonly #done = new Map<string, { target: AboutTarget; workers: Set<Worker> }>();

  /** @param take told that a target is drained */
  constructor(take: (finding: Finding) => void) {
    this.#take = take;
  }

  /** An operator has said something about a target: what was noted of it does not hold any more. */
  begin(target: AboutTarget): void {
    this.#done.delete(keyOf(target));
  }

  /** Nothing runs on it in this worker. */
  note(target: AboutTarget, worker: Worker, all: readonly Worker[]): void {
    const { upstream, url } = target;
    const done = this.#done.get(keyOf(target)) ?? { target: { upstream, url }, workers: new Set() };
    this.#done.set(keyOf(target), done);
    done.workers.add(worker);
    this.settle(target, all);
  }

  /** Tells it if there is no worker left in which something may run. */
  settle(target: AboutTarget, all: readonly Worker[]): void {
    const workers = this.#done.get(keyOf(target))?.workers;
    if (!all.every((worker) => workers?.has(worker))) return;
    this.#done.delete(keyOf(target));
    this.#take({ kind: 'drained', upstream: target.upstream, url: target.url });
  }

  /** A worker has ended, and what ran in it. */
  forget(worker: Worker, left: readonly Worker[]): void {
    for (const { target, workers } of [...this.#done.values()]) {
      workers.delete(worker);
      this.settle(target, left);
    }
  }
}

const keyOf = ({ upstream, url }: AboutTarget): string => `${upstream} ${url}`;
