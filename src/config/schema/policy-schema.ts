import type { TSchema } from 'typebox';
import type { PolicyPorts, Slot } from '../../contracts/policy.ts';

/** What the loader must know of a policy: its settings, and where in the request's way it stands. */
export interface PolicySchema {
  readonly slot: Slot;
  /** Whether it may not stand on `ai`. */
  readonly on?: 'routes';
  readonly schema: TSchema;
  /** What is wrong with settings that the schema lets pass; undefined if nothing. */
  check?(settings: never, ports: Pick<PolicyPorts, 'compileSchema'>): string | undefined;
}
