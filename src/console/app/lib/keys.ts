import { useEffect } from 'preact/hooks';

/** One thing that a key does. Sequences are written with a space: `g n`. */
export interface Shortcut {
  readonly keys: string;
  readonly what: string;
  run(): void;
}

/** Milliseconds within which the second key of a sequence has to come. */
const SEQUENCE = 1_000;

const active = new Set<Shortcut>();
let first = '';
let firstAt = 0;

/** What the keys do now, for the help. */
export const shortcuts = (): readonly Shortcut[] => [...active];

function isTyping(target: EventTarget | null): boolean {
  return (
    target instanceof HTMLElement &&
    (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName))
  );
}

function onKey(event: KeyboardEvent): void {
  if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return;
  const sequence = event.timeStamp - firstAt < SEQUENCE ? `${first} ${event.key}` : '';
  const hit =
    [...active].findLast(({ keys }) => keys === sequence) ??
    [...active].findLast(({ keys }) => keys === event.key);
  first = event.key;
  firstAt = event.timeStamp;
  if (!hit) return;
  first = '';
  event.preventDefault();
  hit.run();
}

export function listenToKeys(): void {
  addEventListener('keydown', onKey);
}

/** Shortcuts that hold while a component is shown. */
export function useShortcuts(of: readonly Shortcut[]): void {
  useEffect(() => {
    for (const each of of) active.add(each);
    return () => {
      for (const each of of) active.delete(each);
    };
  });
}
