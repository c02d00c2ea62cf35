import { type Dashboard, quantile, rateBy } from './panel.ts';

export const aiDashboard: Dashboard = {
  uid: 'hypercare-ai',
  title: 'Hypercare · AI',
  rows: [
    {
      title: 'Calls',
      panels: [
        {
          title: 'Calls by outcome',
          about: 'Each call ends in one outcome. `complete` is left out: what is here is worth a look.',
          unit: 'reqps',
          queries: [
            {
              expr: rateBy('gateway_ai_outcomes_total', 'model, outcome', '{outcome!="complete"}'),
              legend: '{{model}} {{outcome}}',
            },
          ],
        },
        {
          title: 'Time to the first token, 95th percentile',
          about: 'What people wait before anything appears.',
          unit: 's',
          queries: [
            {
              expr: quantile(
                0.95,
                'gen_ai_server_time_to_first_token_seconds',
                'gen_ai_request_model, gen_ai_provider_name',
              ),
              legend: '{{gen_ai_request_model}} {{gen_ai_provider_name}}',
            },
          ],
        },
        {
          title: 'Time a token, 95th percentile',
          about: 'How fast the text flows once it does.',
          unit: 's',
          queries: [
            {
              expr: quantile(
                0.95,
                'gen_ai_server_time_per_output_token_seconds',
                'gen_ai_request_model, gen_ai_provider_name',
              ),
              legend: '{{gen_ai_request_model}} {{gen_ai_provider_name}}',
            },
          ],
        },
        {
          title: 'Whole calls, 95th percentile',
          about: 'From the request to the end of the answer.',
          unit: 's',
          queries: [
            {
              expr: quantile(0.95, 'gen_ai_client_operation_duration_seconds', 'gen_ai_request_model'),
              legend: '{{gen_ai_request_model}}',
            },
          ],
        },
        {
          title: 'Targets at rest',
          about:
            'Deployments that are left alone, and why: a rate limit, a spent quota, refused credentials, down.',
          unit: 'short',
          queries: [
            {
              expr: 'sum by (model, target, reason) (gateway_ai_target_cooling)',
              legend: '{{model}} {{target}} {{reason}}',
            },
          ],
        },
        {
          title: 'Prompts',
          about: 'Calls by prompt and version.',
          unit: 'reqps',
          queries: [
            {
              expr: rateBy('gateway_ai_prompt_calls_total', 'prompt, version'),
              legend: '{{prompt}} v{{version}}',
            },
          ],
        },
      ],
    },
    {
      title: 'Tokens and money',
      panels: [
        {
          title: 'Spend an hour',
          about: 'US dollars at the rate of the last minutes, by model.',
          unit: 'currencyUSD',
          queries: [
            {
              expr: '3600 * sum by (model) (rate(gateway_ai_cost_usd_total[$__rate_interval]))',
              legend: '{{model}}',
            },
          ],
        },
        {
          title: 'Spend an hour by consumer',
          about: 'Who spends it.',
          unit: 'currencyUSD',
          queries: [
            {
              expr: '3600 * sum by (consumer) (rate(gateway_ai_cost_usd_total[$__rate_interval]))',
              legend: '{{consumer}}',
            },
          ],
        },
        {
          title: 'Tokens a second',
          about: 'In and out, reported by the provider or estimated.',
          unit: 'short',
          queries: [
            {
              expr: rateBy('gen_ai_client_token_usage_sum', 'gen_ai_token_type, usage_source'),
              legend: '{{gen_ai_token_type}} {{usage_source}}',
            },
          ],
        },
        {
          title: 'Budgets',
          about: 'The fullest first. At 1 calls are refused.',
          unit: 'percentunit',
          queries: [
            {
              expr: 'topk(10, max by (budget, subject, unit) (gateway_budget_used_ratio))',
              legend: '{{budget}} {{subject}} {{unit}}',
            },
          ],
        },
        {
          title: 'Refused by budgets',
          about: 'Calls that reached no provider because their budget was spent.',
          unit: 'reqps',
          queries: [{ expr: rateBy('gateway_budget_refused_total', 'budget'), legend: '{{budget}}' }],
        },
        {
          title: 'Calls without a price',
          about: 'They cost something that nobody counts: set ai.prices.',
          unit: 'reqps',
          queries: [
            {
              expr: rateBy('gateway_ai_unpriced_calls_total', 'model, provider'),
              legend: '{{model}} {{provider}}',
            },
          ],
        },
      ],
    },
    {
      title: 'Quality',
      panels: [
        {
          title: 'Drift of inputs',
          about:
            'Population stability index against its chi-square bound: above 1 requests are not what they were.',
          unit: 'short',
          queries: [
            { expr: 'max by (model, of) (gateway_ai_input_drift_ratio)', legend: '{{model}} {{of}}' },
          ],
        },
        {
          title: 'Confidence, median',
          about: 'Mean probability of the tokens, where the provider says it.',
          unit: 'percentunit',
          queries: [
            {
              expr: quantile(0.5, 'gateway_ai_confidence', 'gen_ai_request_model'),
              legend: '{{gen_ai_request_model}}',
            },
          ],
        },
        {
          title: 'Guards',
          about: 'What guards redacted, refused or reported.',
          unit: 'reqps',
          queries: [
            {
              expr: rateBy('gateway_guard_total', 'guard, action, direction'),
              legend: '{{guard}} {{action}} {{direction}}',
            },
          ],
        },
      ],
    },
  ],
};
