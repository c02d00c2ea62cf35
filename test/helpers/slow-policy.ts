import type { PolicyDescriptor } from '../../src/contracts/policy.ts';

/** A policy called `slow` that is made when a test says so: a revision that has it is being built until then. */
export interface SlowPolicy {
  readonly policy: PolicyDescriptor<unknown>;
  /** Whether it is being made, or was. */
  readonly hasBegun: boolean;
  finish(): void;
}

export function slowPolicy(): SlowPolicy {
  const made = Promise.withResolvers<void>();
  let hasBegun = false;
  return {
    policy: {
      name: 'slow',
      slot: 'inspect',
      schema: { type: 'object' },
      async create() {
        hasBegun = true;
        await made.promise;
        return {};
      },
    },
    get hasBegun() {
      return hasBegun;
    },
    finish: () => made.resolve(),
  };
}
