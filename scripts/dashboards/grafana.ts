import type { Dashboard, Panel } from './panel.ts';

const WIDTH = 24;
const HEIGHT = 8;
const SOURCE = { type: 'prometheus', uid: '${source}' };

/** A dashboard as Grafana imports it (schema 39: Grafana 11 and newer). */
export function grafana({ uid, title, rows }: Dashboard): object {
  let id = 0;
  let y = 0;
  const panels: object[] = [];
  for (const row of rows) {
    panels.push({
      id: ++id,
      type: 'row',
      title: row.title,
      collapsed: false,
      panels: [],
      gridPos: { x: 0, y, w: WIDTH, h: 1 },
    });
    y++;
    const w = WIDTH / Math.min(3, row.panels.length);
    row.panels.forEach((panel, at) => {
      const line = Math.floor(at / 3);
      panels.push({
        id: ++id,
        ...panelOf(panel),
        gridPos: { x: (at % 3) * w, y: y + line * HEIGHT, w, h: HEIGHT },
      });
    });
    y += Math.ceil(row.panels.length / 3) * HEIGHT;
  }
  return {
    uid,
    title,
    tags: ['hypercare'],
    schemaVersion: 39,
    version: 1,
    editable: true,
    graphTooltip: 1,
    refresh: '30s',
    time: { from: 'now-3h', to: 'now' },
    timezone: 'utc',
    templating: {
      list: [
        {
          name: 'source',
          label: 'Prometheus',
          type: 'datasource',
          query: 'prometheus',
          current: {},
          hide: 0,
        },
      ],
    },
    annotations: {
      list: [
        {
          name: 'Config revisions',
          datasource: SOURCE,
          enable: true,
          iconColor: 'blue',
          expr: 'changes(gateway_config_revision[2m]) > 0',
          titleFormat: 'a new config revision',
        },
      ],
    },
    panels,
  };
}

function panelOf({ title, about, unit, queries, shape = 'timeseries' }: Panel): object {
  return {
    type: shape,
    title,
    description: about,
    datasource: SOURCE,
    fieldConfig: {
      defaults: {
        unit,
        min: 0,
        custom: shape === 'timeseries' ? { fillOpacity: 8, showPoints: 'never' } : {},
      },
      overrides: [],
    },
    options:
      shape === 'timeseries'
        ? {
            legend: { displayMode: 'table', placement: 'bottom', calcs: ['lastNotNull', 'max'] },
            tooltip: { mode: 'multi', sort: 'desc' },
          }
        : {},
    targets: queries.map(({ expr, legend }, at) => ({
      refId: String.fromCharCode(65 + at),
      datasource: SOURCE,
      expr,
      legendFormat: legend,
      ...(shape === 'table' ? { format: 'table', instant: true } : {}),
    })),
  };
}
