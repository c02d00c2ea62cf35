import { saturation } from '../harness/saturation.ts';
import type { Suite } from '../harness/suite.ts';
import { haproxy, hello, loggingNginx, plainNginx, rawDispatch } from './floors.ts';
import { fullGateway, plainGateway } from './gateway.ts';
import { GET_1KB, POST_1KB, POST_100KB } from './messages.ts';
import { itemsUpstream } from './upstreams.ts';

/** What API traffic costs, beside the floors: 64 connections kept alive, at saturation. */
export function apiSuite(): Suite {
  const nginx = plainNginx();
  const withLog = loggingNginx();
  const dispatch = rawDispatch();
  const plain = plainGateway();
  const full = fullGateway();
  const pair = (subject: { name: string }, against: { name: string }) => ({
    subject: subject.name,
    against: against.name,
  });
  return saturation({
    name: 'api',
    what: 'API requests at saturation: CPU a request beside nginx, haproxy and raw undici',
    connections: 64,
    cases: [GET_1KB, POST_1KB, POST_100KB],
    subjects: [nginx, withLog, haproxy(), hello(), dispatch, plain, full],
    pairs: [
      pair(plain, nginx),
      pair(plain, dispatch),
      pair(full, nginx),
      pair(full, withLog),
      pair(full, dispatch),
      pair(full, plain),
    ],
    upstream: itemsUpstream(),
  });
}
