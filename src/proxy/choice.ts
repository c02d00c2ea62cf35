import type { IncomingHttpHeaders } from 'node:http';
import { type Conditions, compileConditions, hostName } from './conditions.ts';

const CHOSEN = Symbol('hypercare.chosen');

/** A route that is one of those that share a place of the router. */
export interface Candidate {
  readonly match: Conditions;
}

interface Asking {
  headers: IncomingHttpHeaders;
  [CHOSEN]?: Candidate;
}

/** The route that the router chose among those that share a place; undefined if the place has one route only. */
export const chosenOf = (request: object): Candidate | undefined => (request as Asking)[CHOSEN];

/**
 * All that share a path and a method, as one constraint of find-my-way, which leaves its choice on the request. One
 * constraint each would end at 31 routes a path, the bits of find-my-way's mask. Where none of them matches, the router
 * goes on to less specific paths.
 */
export const choiceStrategy = {
  name: 'choice',
  mustMatchWhenDerived: false,
  validate: (): void => undefined,
  deriveConstraint: (request: Asking): Asking => request,
  storage: () => {
    let candidates: readonly Candidate[] | undefined;
    let meets: ReturnType<typeof compileConditions>[] = [];
    let handlers = 0;
    return {
      // Called with the candidates themselves while the tree is built, with a request when it is used.
      get(key: readonly Candidate[] | Asking): number | undefined {
        if (candidates === undefined || key === candidates) return handlers || undefined;
        const { headers } = key as Asking;
        const name = hostName(headers.host ?? '');
        for (let i = 0; i < meets.length; i++) {
          if (!meets[i]?.(name, headers)) continue;
          (key as Asking)[CHOSEN] = candidates[i] as Candidate;
          return handlers;
        }
        return undefined;
      },
      set(routes: readonly Candidate[], mask: number): void {
        candidates = routes;
        meets = routes.map(({ match }) => compileConditions(match));
        handlers = mask;
      },
    };
  },
};
