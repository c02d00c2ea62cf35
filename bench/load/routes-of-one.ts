import { mkdtempSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Subject } from '../harness/suite.ts';
import {
  type GatewayPlan,
  type PolicyEntry,
  type StartedGateway,
  settingsOf,
  startGateway,
} from './gateway.ts';

/** A route that is a subject. */
export interface RouteSubject {
  name: string;
  policies: readonly PolicyEntry[];
  /** What its clients add to each request. */
  headers?: Readonly<Record<string, string>>;
}

const pathOf = (place: number): string => `/api-${place}`;

const planOf = (routes: readonly RouteSubject[]): GatewayPlan => ({
  name: 'gateway, a route for each policy',
  what: '',
  log: 'silent',
  config: ({ upstream }) => ({
    upstreams: { items: { targets: [{ url: `http://127.0.0.1:${upstream}` }] } },
    routes: routes.map(({ policies }, place) => ({
      name: `items-${place}`,
      match: { path: `${pathOf(place)}/*` },
      upstream: 'items',
      policies,
    })),
  }),
});

/** What their process is started with, in words. */
export const settingsOfRoutes = (routes: readonly RouteSubject[]): string => settingsOf(planOf(routes));

/**
 * Subjects that are routes of one gateway, each with its policies: what they have in common is as hot for the one as for the
 * other, and none has the luckier process. They start it with the first of them and stop it with the last.
 */
export function routesOfOne(routes: readonly RouteSubject[]): Subject[] {
  let shared: { started: Promise<StartedGateway>; users: number } | undefined;
  const plan = planOf(routes);
  return routes.map(({ name, policies, headers }, place) => ({
    name,
    what: `a route with ${policies.length === 0 ? 'no policy' : policies.flatMap(Object.keys).join(' and ')}, log silent, metrics`,
    missing: () => null,
    path: `${pathOf(place)}/v1/items`,
    headers: () => headers ?? {},
    async start(ground) {
      // Not in the folder of the first: that goes with it.
      const folder = (): string => mkdtempSync(join(dirname(ground.folder), 'shared-'));
      shared ??= { started: startGateway(plan, { ...ground, folder: folder() }), users: 0 };
      const mine = shared;
      mine.users++;
      const started = await mine.started;
      return {
        ...started,
        async stop() {
          mine.users--;
          if (mine.users > 0) return;
          shared = undefined;
          await started.stop();
        },
      };
    },
  }));
}
