import type { TSchema } from 'typebox';
import type { CheckPorts, PolicyDescriptor, Slot } from '../../contracts/policy.ts';

/** What the loader must know of a policy: its settings, and where in the request's way it stands. */
export interface PolicySchema {
  readonly slot: Slot;
  /** The only place where it may stand; absent: everywhere. */
  readonly on?: PolicyDescriptor['on'];
  readonly schema: TSchema;
  /** What is wrong with settings that the schema lets pass; undefined if nothing. */
  check?(settings: never, ports: CheckPorts): string | undefined;
}
