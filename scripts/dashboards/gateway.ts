import { type Dashboard, quantile, rateBy } from './panel.ts';

export const gatewayDashboard: Dashboard = {
  uid: 'hypercare-gateway',
  title: 'Hypercare · Gateway',
  rows: [
    {
      title: 'What clients see',
      panels: [
        {
          title: 'Requests',
          about: 'Requests a second by route.',
          unit: 'reqps',
          queries: [{ expr: rateBy('gateway_requests_total', 'route'), legend: '{{route}}' }],
        },
        {
          title: 'Failed',
          about: 'Share of requests that ended with a status of 5xx, by route.',
          unit: 'percentunit',
          queries: [
            {
              expr: `${rateBy('gateway_requests_total', 'route', '{status_class="5xx"}')} / ${rateBy('gateway_requests_total', 'route')}`,
              legend: '{{route}}',
            },
          ],
        },
        {
          title: 'Why they failed',
          about: 'Reasons as in the access log and in docs/errors.md; `ok` is left out.',
          unit: 'reqps',
          queries: [
            { expr: rateBy('gateway_requests_total', 'reason', '{reason!="ok"}'), legend: '{{reason}}' },
          ],
        },
        {
          title: 'Latency, median',
          about: 'From a request’s first byte to the last byte of its answer: streams count whole.',
          unit: 's',
          queries: [
            {
              expr: quantile(0.5, 'http_server_request_duration_seconds', 'http_route'),
              legend: '{{http_route}}',
            },
          ],
        },
        {
          title: 'Latency, 95th percentile',
          about: 'A twentieth of the requests takes longer.',
          unit: 's',
          queries: [
            {
              expr: quantile(0.95, 'http_server_request_duration_seconds', 'http_route'),
              legend: '{{http_route}}',
            },
          ],
        },
        {
          title: 'In flight',
          about: 'Requests that run now, streams included. server.shed says how many are too many.',
          unit: 'short',
          queries: [{ expr: 'sum(gateway_requests_in_flight)', legend: 'in flight' }],
        },
      ],
    },
    {
      title: 'Upstreams',
      panels: [
        {
          title: 'Attempts by outcome',
          about: 'Calls to targets; retries count each.',
          unit: 'reqps',
          queries: [
            {
              expr: rateBy('gateway_upstream_requests_total', 'upstream, outcome'),
              legend: '{{upstream}} {{outcome}}',
            },
          ],
        },
        {
          title: 'Healthy targets',
          about: '1 = used, 0 = unhealthy, ejected, drained or disabled.',
          unit: 'short',
          queries: [{ expr: 'sum by (upstream) (gateway_upstream_healthy)', legend: '{{upstream}}' }],
        },
        {
          title: 'Breakers',
          about: '0 closed, 1 half-open, 2 open: the upstream is left alone.',
          unit: 'short',
          queries: [{ expr: 'max by (upstream) (gateway_breaker_state)', legend: '{{upstream}}' }],
        },
        {
          title: 'Retries and hedges',
          about: 'Many retries: an upstream fails and its callers pay with time.',
          unit: 'reqps',
          queries: [
            {
              expr: rateBy('gateway_retries_total', 'upstream, reason'),
              legend: 'retry {{upstream}} {{reason}}',
            },
            {
              expr: rateBy('gateway_hedges_total', 'upstream, outcome'),
              legend: 'hedge {{upstream}} {{outcome}}',
            },
          ],
        },
        {
          title: 'Fallbacks',
          about: 'Answers that were not the upstream’s own.',
          unit: 'reqps',
          queries: [
            { expr: rateBy('gateway_fallbacks_total', 'route, fallback'), legend: '{{route}} {{fallback}}' },
          ],
        },
        {
          title: 'Panic',
          about: '1 = so few targets are healthy that all are used.',
          unit: 'short',
          queries: [{ expr: 'max by (upstream) (gateway_upstream_panic)', legend: '{{upstream}}' }],
        },
      ],
    },
    {
      title: 'Limits, cache, contracts',
      panels: [
        {
          title: 'Limited and shed',
          about: '429s by route, and 503s because there was too much to do.',
          unit: 'reqps',
          queries: [
            { expr: rateBy('gateway_rate_limited_total', 'route'), legend: 'limited {{route}}' },
            {
              expr: rateBy('gateway_shed_requests_total', 'priority, reason'),
              legend: 'shed {{priority}} {{reason}}',
            },
          ],
        },
        {
          title: 'Cache',
          about: 'What the cache did, by outcome.',
          unit: 'reqps',
          queries: [{ expr: rateBy('gateway_cache_requests_total', 'outcome'), legend: '{{outcome}}' }],
        },
        {
          title: 'Broken contracts',
          about: 'Bodies that broke their schema, and what the contract does not name.',
          unit: 'reqps',
          queries: [
            {
              expr: rateBy('gateway_schema_violations_total', 'route, direction'),
              legend: '{{route}} {{direction}}',
            },
            { expr: rateBy('gateway_contract_drift_total', 'route, what'), legend: '{{route}} {{what}}' },
          ],
        },
      ],
    },
    {
      title: 'The gateway itself',
      panels: [
        {
          title: 'Revision',
          about: 'Which config serves; replicas should agree.',
          unit: 'none',
          queries: [{ expr: 'gateway_config_revision', legend: '{{instance}}' }],
        },
        {
          title: 'Working without its store',
          about: 'Policies that let requests through, or refused them, because the store was away.',
          unit: 'reqps',
          queries: [
            { expr: rateBy('gateway_policy_degraded_total', 'policy, what'), legend: '{{policy}} {{what}}' },
          ],
        },
        {
          title: 'Memory',
          about: 'Resident memory of each process that is scraped.',
          unit: 'bytes',
          queries: [{ expr: 'process_resident_memory_bytes', legend: '{{instance}}' }],
        },
        {
          title: 'CPU',
          about: 'Cores used. A worker that has one whole core to itself can do no more.',
          unit: 'short',
          queries: [
            {
              expr: 'sum by (instance) (rate(process_cpu_seconds_total[$__rate_interval]))',
              legend: '{{instance}}',
            },
          ],
        },
        {
          title: 'Certificates',
          about: 'Seconds until they run out.',
          unit: 's',
          queries: [{ expr: 'min by (name) (gateway_certificate_expiry_seconds)', legend: '{{name}}' }],
        },
        {
          title: 'Changes of state',
          about: 'Revisions, targets, breakers, keys: what else happened then?',
          unit: 'short',
          queries: [
            {
              expr: 'sum by (kind) (increase(gateway_state_changes_total[$__rate_interval]))',
              legend: '{{kind}}',
            },
          ],
        },
      ],
    },
  ],
};
