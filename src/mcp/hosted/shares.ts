/** One of something of which there are but so many. */
export interface Holding {
  readonly principal: string;
  /** Whether something runs on it just now: it is not taken away then. */
  isBusy(): boolean;
  end(): Promise<void>;
}

/**
 * Who holds how many of something. Where all are taken, who has fewer than another gets one at their cost: nobody takes all
 * by having come first.
 */
export class Shares {
  /** What was not used longest first. */
  readonly #held = new Set<Holding>();

  /** @returns lets go of it */
  hold(holding: Holding): () => void {
    this.#held.add(holding);
    return () => void this.#held.delete(holding);
  }

  /** It was used just now. */
  use(holding: Holding): void {
    if (this.#held.delete(holding)) this.#held.add(holding);
  }

  /**
   * Makes room for one more of a principal's: of whoever has most, what they have not used longest is ended. With one less they
   * still have more than the principal has then, or as many.
   * @returns whether there is room now
   */
  async makeRoom(principal: string): Promise<boolean> {
    const counts = new Map<string, number>();
    for (const { principal: of } of this.#held) counts.set(of, (counts.get(of) ?? 0) + 1);
    let most = (counts.get(principal) ?? 0) + 1;
    let found: Holding | undefined;
    for (const holding of this.#held) {
      const count = counts.get(holding.principal) ?? 0;
      if (count <= most || holding.isBusy()) continue;
      most = count;
      found = holding;
    }
    if (!found) return false;
    this.#held.delete(found);
    await found.end();
    return true;
  }
}
