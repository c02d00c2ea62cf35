import { type Dashboard, rateBy } from './panel.ts';

export const hypercareDashboard: Dashboard = {
  uid: 'hypercare-findings',
  title: 'Hypercare · Findings',
  rows: [
    {
      title: 'What there is to do',
      panels: [
        {
          title: 'Open findings',
          about: 'Neither over nor muted. Each says what to do: GET /api/findings, or the console.',
          unit: 'short',
          shape: 'stat',
          queries: [{ expr: 'max by (priority) (gateway_findings_open)', legend: '{{priority}}' }],
        },
        {
          title: 'Open findings over time',
          about: 'Falls when actions helped, or the cause went away.',
          unit: 'short',
          queries: [{ expr: 'max by (priority) (gateway_findings_open)', legend: '{{priority}}' }],
        },
        {
          title: 'Noticed, by detector',
          about: 'Detections in ten minutes, before they are joined and confirmed.',
          unit: 'short',
          queries: [
            {
              expr: 'sum by (detector) (increase(gateway_detections_total[10m]))',
              legend: '{{detector}}',
            },
          ],
        },
      ],
    },
    {
      title: 'The engine itself',
      panels: [
        {
          title: 'Time since its last look',
          about: 'More than a few ticks: the engine is stuck, and findings come late. /readyz says so, too.',
          unit: 's',
          queries: [
            {
              expr: 'time() - gateway_engine_last_tick_timestamp_seconds',
              legend: '{{instance}}',
            },
          ],
        },
        {
          title: 'Time a look takes, and lag',
          about: 'A look, and from a signal to its being counted.',
          unit: 's',
          queries: [
            { expr: 'max by (instance) (gateway_engine_tick_seconds)', legend: 'look {{instance}}' },
            { expr: 'max by (instance) (gateway_engine_lag_seconds)', legend: 'lag {{instance}}' },
          ],
        },
        {
          title: 'Signals it did not get',
          about: 'Dropped rather than let requests wait. Not zero: findings see less than the traffic.',
          unit: 'short',
          queries: [
            {
              expr: 'sum by (instance) (rate(gateway_dropped_signals_total[$__rate_interval]))',
              legend: '{{instance}}',
            },
          ],
        },
        {
          title: 'Combinations counted',
          about: 'Leaves of route, target, consumer and so on; bounded at 100,000.',
          unit: 'short',
          queries: [{ expr: 'max by (instance) (gateway_engine_leaves)', legend: '{{instance}}' }],
        },
        {
          title: 'Still seen',
          about: 'Detections that have not ended.',
          unit: 'short',
          queries: [{ expr: 'max by (instance) (gateway_engine_open_detections)', legend: '{{instance}}' }],
        },
        {
          title: 'Begun anew',
          about: 'Its thread ended and was started again; open findings are kept.',
          unit: 'short',
          queries: [{ expr: rateBy('gateway_engine_restarts_total', 'instance'), legend: '{{instance}}' }],
        },
      ],
    },
  ],
};
