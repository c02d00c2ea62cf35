import { saturation } from '../harness/saturation.ts';
import type { Suite } from '../harness/suite.ts';
import { haproxy, hello, loggingNginx, plainNginx, rawDispatch } from './floors.ts';
import { API_KEY, fullGateway, gatewayWith, HEADERS, plainGateway, RATE_LIMIT } from './gateway.ts';
import { GET_1KB, POST_1KB, POST_100KB } from './messages.ts';
import { itemsUpstream } from './upstreams.ts';

const SCHEMA = {
  type: 'object',
  required: ['label', 'text'],
  properties: { label: { type: 'string' }, text: { type: 'string' } },
};

/** What API traffic costs, beside the floors, and what each policy adds: 64 connections kept alive, at saturation. */
export function apiSuite(): Suite {
  const nginx = plainNginx();
  const withLog = loggingNginx();
  const dispatch = rawDispatch();
  const plain = plainGateway();
  const full = fullGateway();
  const alone = [
    gatewayWith('key', [API_KEY]),
    gatewayWith('limit', [{ 'rate-limit': { limit: 1_000_000_000, window: '1h' } }]),
    gatewayWith('headers', [HEADERS]),
    gatewayWith('log', [], 'info'),
    gatewayWith('cors', [{ cors: { origins: ['https://shop.example'] } }]),
    gatewayWith('ip-allow', [{ 'ip-allow': { allow: ['127.0.0.0/8'] } }]),
    gatewayWith('schema', [{ 'body-schema': { request: SCHEMA } }]),
    gatewayWith('key and limit', [API_KEY, RATE_LIMIT]),
  ];
  const pair = (subject: { name: string }, against: { name: string }) => ({
    subject: subject.name,
    against: against.name,
  });
  return saturation({
    name: 'api',
    what: 'API requests at saturation: CPU a request beside nginx, haproxy and raw undici, and what each policy adds',
    connections: 64,
    cases: [GET_1KB, POST_1KB, POST_100KB],
    subjects: [nginx, withLog, haproxy(), hello(), dispatch, plain, ...alone, full],
    pairs: [
      pair(plain, nginx),
      pair(plain, dispatch),
      pair(full, nginx),
      pair(full, withLog),
      pair(full, dispatch),
      ...[...alone, full].map((each) => pair(each, plain)),
    ],
    upstream: itemsUpstream(),
  });
}
