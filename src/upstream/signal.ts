type Listener = () => void;

/**
 * Tells a call upstream that nobody waits for it any more. Once: who listens hears it once, in the order in which they began to,
 * and who lets go while it is being told may still hear it. Less than an EventEmitter, and far less than an AbortController: one is
 * made for each request, and mostly one listens.
 */
export class CancelSignal {
  aborted = false;
  reason: Error | undefined = undefined;
  #first: Listener | undefined = undefined;
  #others: Listener[] | undefined = undefined;

  abort(reason: Error): void {
    if (this.aborted) return;
    this.aborted = true;
    this.reason = reason;
    const first = this.#first;
    const others = this.#others;
    this.#first = undefined;
    this.#others = undefined;
    first?.();
    for (const listener of others ?? []) listener();
  }

  /** After `abort` it is heard by nobody any more. */
  once(_event: 'abort', listener: Listener): void {
    if (this.#others !== undefined) this.#others.push(listener);
    else if (this.#first === undefined) this.#first = listener;
    else this.#others = [listener];
  }

  off(_event: 'abort', listener: Listener): void {
    const at = this.#others?.lastIndexOf(listener) ?? -1;
    if (at >= 0) this.#others?.splice(at, 1);
    else if (this.#first === listener) this.#first = undefined;
  }
}
