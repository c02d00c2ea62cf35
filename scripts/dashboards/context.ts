import { type Dashboard, quantile, rateBy } from './panel.ts';

export const contextDashboard: Dashboard = {
  uid: 'hypercare-context',
  title: 'Hypercare · Model context',
  rows: [
    {
      title: 'Do conversations go on?',
      panels: [
        {
          title: 'Turns by how they went on',
          about:
            '`hit`: the model had what was said before. `stale`: but not what was said at once. `reset` and `degraded` are breaks a person may notice.',
          unit: 'reqps',
          queries: [{ expr: rateBy('gateway_context_continuity_total', 'status'), legend: '{{status}}' }],
        },
        {
          title: 'Breaks by cause',
          about: 'Why a conversation did not go on from where it was.',
          unit: 'reqps',
          queries: [
            {
              expr: rateBy('gateway_context_continuity_total', 'cause', '{status=~"reset|degraded|stale"}'),
              legend: '{{cause}}',
            },
          ],
        },
        {
          title: 'Asked again',
          about:
            'Share of turns in which something was asked that the person had said before, and of turns that drew a complaint.',
          unit: 'percentunit',
          queries: ['re_ask', 'complaint'].map((event) => ({
            expr: `${rateBy('gateway_context_turns_total', 'model', `{event="${event}"}`)} / ${rateBy('gateway_context_turns_total', 'model', '{event="turn"}')}`,
            legend: `{{model}} ${event}`,
          })),
        },
        {
          title: 'Quality, median',
          about:
            'Recall: needed facts that were in the prompt. Usage: recalled passages that the answer used. Relevance: likeness of what was included to what was asked.',
          unit: 'percentunit',
          queries: [
            {
              expr: quantile(0.5, 'gateway_context_quality_ratio', 'model, measure'),
              legend: '{{model}} {{measure}}',
            },
          ],
        },
        {
          title: 'Probes: facts got back',
          about: 'Of scripted conversations, by how many turns lay between the fact and the question.',
          unit: 'percentunit',
          queries: [
            {
              expr: 'min by (probe, model, distance) (gateway_context_probe_recall_ratio)',
              legend: '{{probe}} {{model}} {{distance}}',
            },
          ],
        },
        {
          title: 'Probe runs',
          about: 'What came of them; a run that failed says nothing about recall.',
          unit: 'reqps',
          queries: [
            {
              expr: rateBy('gateway_context_probe_runs_total', 'probe, outcome'),
              legend: '{{probe}} {{outcome}}',
            },
          ],
        },
      ],
    },
    {
      title: 'Size and cost',
      panels: [
        {
          title: 'Prompt tokens, 95th percentile',
          about:
            'Of turns that belong to a session. Grows without end: compaction is off or does not shrink.',
          unit: 'short',
          queries: [{ expr: quantile(0.95, 'gateway_context_prompt_tokens', 'model'), legend: '{{model}}' }],
        },
        {
          title: 'Remembered tokens, median and 95th percentile',
          about: 'What is kept of a conversation at each turn, before anything is chosen from it.',
          unit: 'short',
          queries: [0.5, 0.95].map((p) => ({
            expr: `histogram_quantile(${p}, sum by (le) (rate(gateway_context_tokens_bucket[$__rate_interval])))`,
            legend: `p${p * 100}`,
          })),
        },
        {
          title: 'Growth a turn, median and 95th percentile',
          about:
            'Tokens by which a turn makes what is remembered longer: what was said in it, with results of tools.',
          unit: 'short',
          queries: [0.5, 0.95].map((p) => ({
            expr: quantile(p, 'gateway_context_growth_tokens', 'model'),
            legend: `{{model}} p${p * 100}`,
          })),
        },
        {
          title: 'Compactions by outcome',
          about: 'How often conversations were shortened, and why not where they were not.',
          unit: 'reqps',
          queries: [{ expr: rateBy('gateway_context_compactions_total', 'outcome'), legend: '{{outcome}}' }],
        },
        {
          title: 'What compaction leaves',
          about: 'Tokens after over tokens before.',
          unit: 'percentunit',
          queries: [
            {
              expr: 'sum(rate(gateway_context_compacted_tokens_total{side="after"}[$__rate_interval])) / sum(rate(gateway_context_compacted_tokens_total{side="before"}[$__rate_interval]))',
              legend: 'left',
            },
          ],
        },
        {
          title: 'Time spent on context, 99th percentile',
          about: '`recall` is on the way of a request; the rest is done after it.',
          unit: 's',
          queries: [{ expr: quantile(0.99, 'gateway_context_work_seconds', 'work'), legend: '{{work}}' }],
        },
        {
          title: 'Time turns wait for their conversation, 99th percentile',
          about: '`read`: until what was said before is put together. `commit`: until the turn is written.',
          unit: 's',
          queries: [{ expr: quantile(0.99, 'gateway_context_turn_seconds', 'part'), legend: '{{part}}' }],
        },
        {
          title: 'Tokens recalled and stored',
          about: 'A second. What is recalled is paid for with its prompt.',
          unit: 'short',
          queries: [
            {
              expr: rateBy('gateway_context_recalled_tokens_sum', 'model'),
              legend: '{{model}} recalled',
            },
            { expr: 'sum(rate(gateway_context_stored_tokens_total[$__rate_interval]))', legend: 'stored' },
          ],
        },
        {
          title: 'Operations by outcome',
          about:
            'On the store of conversations. Two turns at once on one: `locked` was not answered, `stale` had not seen the other, `conflict` came too late to be kept.',
          unit: 'reqps',
          queries: [
            { expr: rateBy('gateway_context_operations_total', 'op, outcome'), legend: '{{op}} {{outcome}}' },
          ],
        },
      ],
    },
  ],
};
