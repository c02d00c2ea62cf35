import type { PolicyDescriptor } from '../../src/contracts/policy.ts';
import { RouteCache } from './cache.ts';
import { Settings } from './settings.ts';

const responseCache: PolicyDescriptor<Settings> = {
  name: 'response-cache',
  slot: 'cache',
  on: 'routes',
  schema: Settings,
  create(settings, ports) {
    const cache = new RouteCache(settings, ports);
    return { aroundCall: (request, exchange, next) => cache.call(request, exchange, next) };
  },
};

export default responseCache;
