import type { BadEvent } from './bad-events.ts';

/** Bad events of one tick that others are told of one by one; of more only how many there were. */
const MOST_EVENTS = 300;

/** What this replica itself counted in a tick, apart from what others told: that is theirs to tell. */
export class OwnTick {
  readonly totals: Map<number, number> = new Map();
  /** By leaf, then by mark. */
  readonly bad: Map<number, Map<number, number>> = new Map();
  readonly events: BadEvent[] = [];

  signal(leaf: number, by: number): void {
    this.totals.set(leaf, (this.totals.get(leaf) ?? 0) + by);
  }

  mark(leaf: number, mark: number, by: number): void {
    let marks = this.bad.get(leaf);
    if (!marks) {
      marks = new Map();
      this.bad.set(leaf, marks);
    }
    marks.set(mark, (marks.get(mark) ?? 0) + by);
  }

  event(event: BadEvent): void {
    if (this.events.length < MOST_EVENTS) this.events.push(event);
  }

  clear(): void {
    this.totals.clear();
    this.bad.clear();
    this.events.length = 0;
  }
}
