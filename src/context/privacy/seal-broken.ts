/**
 * `destroyed`: its key is gone for good. `secret`: the config has not the secret. `changed`: it is not what was sealed. `contended`:
 * others change its keys all the time.
 */
export type BrokenBy = 'destroyed' | 'secret' | 'changed' | 'contended';

/** What was sealed can't be opened. */
export class SealBroken extends Error {
  override readonly name = 'SealBroken';
  readonly by: BrokenBy;

  constructor(by: BrokenBy, message: string, options?: ErrorOptions) {
    super(message, options);
    this.by = by;
  }
}

/** Whether nobody can open it any more: it counts as erased. */
export const isDestroyed = (error: unknown): boolean =>
  error instanceof SealBroken && error.by === 'destroyed';
