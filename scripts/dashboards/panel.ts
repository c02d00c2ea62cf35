/** What a figure is measured in, by Grafana's names. */
export type Unit = 'reqps' | 's' | 'percentunit' | 'short' | 'currencyUSD' | 'bytes' | 'none';

/** One chart of a dashboard, before Grafana's own words for it. */
export interface Panel {
  readonly title: string;
  /** What it tells, and what to do when it looks bad. */
  readonly about: string;
  readonly unit: Unit;
  /** PromQL, each with the legend of its lines. */
  readonly queries: readonly { readonly expr: string; readonly legend: string }[];
  /** `stat`: the newest figure, large; default lines over time. */
  readonly shape?: 'timeseries' | 'stat' | 'table';
}

export interface Dashboard {
  readonly uid: string;
  readonly title: string;
  /** Rows of panels, each with a title. */
  readonly rows: readonly { readonly title: string; readonly panels: readonly Panel[] }[];
}

/** `p` of a histogram: 0.5, 0.95, 0.99. */
export const quantile = (p: number, metric: string, by: string, where = ''): string =>
  `histogram_quantile(${p}, sum by (le, ${by}) (rate(${metric}_bucket${where}[$__rate_interval])))`;

export const rateBy = (metric: string, by: string, where = ''): string =>
  `sum by (${by}) (rate(${metric}${where}[$__rate_interval]))`;
