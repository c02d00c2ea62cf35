/** Times that a worker is looked at before it counts as hung. */
const LOOKS = 6;

export interface PulseOptions {
  /** Resolves when the worker answers; fails when it has not for so many milliseconds. */
  beat(withinMs: number): Promise<unknown>;
  /** Milliseconds after which it hangs. */
  hungAfterMs(): number;
  onHung(): void;
}

/**
 * Notices a worker that lives and does nothing: stopped, or in a loop without an end. Looks are counted and not time, so
 * that a machine which sleeps, or a primary that is held up itself, ends nobody.
 *
 * @returns what ends it
 */
export function watchPulse({ beat, hungAfterMs, onHung }: PulseOptions): () => void {
  let timer: NodeJS.Timeout | undefined;
  let hasAnswered = true;
  let missed = 0;
  const look = (): void => {
    if (hasAnswered) {
      missed = 0;
      hasAnswered = false;
      beat(hungAfterMs() * 2).then(
        () => {
          hasAnswered = true;
        },
        // Not to have answered is what is looked for.
        () => undefined,
      );
    } else if (++missed >= LOOKS) {
      onHung();
      return;
    }
    timer = setTimeout(look, hungAfterMs() / LOOKS);
  };
  look();
  return () => clearTimeout(timer);
}
