import { LOAD_CORE } from '../harness/pinning.ts';
import type { Suite } from '../harness/suite.ts';
import { hello, loggingNginx, plainNginx, rawDispatch, startNode } from './floors.ts';
import { fullGateway, plainGateway } from './gateway.ts';
import { GET_1KB, POST_1KB } from './messages.ts';
import { hasNginx, startNginxUpstream } from './nginx.ts';

/** What API traffic costs, beside the floors: 1 kB each way, 64 connections kept alive, at saturation. */
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
  return {
    name: 'api',
    what: 'API requests of 1 kB at saturation: CPU a request beside nginx and raw undici',
    connections: 64,
    cases: [GET_1KB, POST_1KB],
    subjects: [nginx, withLog, hello(), dispatch, plain, full],
    pairs: [
      pair(plain, nginx),
      pair(plain, dispatch),
      pair(full, nginx),
      pair(full, withLog),
      pair(full, dispatch),
      pair(full, plain),
    ],
    upstream: hasNginx()
      ? { name: 'nginx as upstream', start: ({ folder }) => startNginxUpstream(LOAD_CORE, folder) }
      : {
          name: 'node:http as upstream, since nginx is missing',
          start: () => startNode('hello.ts', LOAD_CORE),
        },
  };
}
