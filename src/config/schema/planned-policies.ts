import { type TSchema, Type } from 'typebox';
import type { Slot } from '../../contracts/policy.ts';
import { Duration, Strict } from './units.ts';

/** What the loader must know of a policy: its settings, and where in the request's way it stands. */
export interface PolicySchema {
  readonly slot: Slot;
  /** Whether it may not stand on `ai`. */
  readonly on?: 'routes';
  readonly schema: TSchema;
  /** What is wrong with settings that the schema lets pass; undefined if nothing. */
  check?(settings: never): string | undefined;
}

/**
 * Policies that a configuration may hold already, so that files written today keep their meaning, and that do nothing
 * yet: `inactive.ts` says so. A policy that is built leaves this list.
 */
export const PLANNED_POLICIES: Readonly<Record<string, PolicySchema>> = {
  'response-cache': {
    slot: 'inspect',
    schema: Strict({
      ttl: Duration({ description: 'How long an answer is fresh.' }),
      staleIfError: Duration({
        default: '0s',
        description: 'How long past that it may stand in for a failing upstream.',
      }),
      staleWhileRevalidate: Duration({
        default: '0s',
        description: 'How long past that it is served while a new one is fetched.',
      }),
      vary: Type.Array(Type.String(), {
        default: [],
        description: 'Request headers that make another answer.',
      }),
    }),
  },
};
