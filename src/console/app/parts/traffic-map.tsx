import { useState } from 'preact/hooks';
import { duration, percent } from '../lib/format.ts';
import { placeAddress } from '../lib/places.ts';
import { BAD_RATE, type Edge, type Line, mapOf, type Node, type Upstream } from '../lib/traffic.ts';
import { TrafficTable } from './traffic-table.tsx';

/** Nodes of a column. A gateway with fifty routes has fifty. */
const SHOWN = 12;
/** Pixels from a node to the one below, as in parts.css. */
const PITCH = 112;
const HEIGHT = 96;
/** Of its column, what a node takes; as there, too. */
const WIDE = 0.8;

const rate = (perSecond: number): string => `${perSecond.toFixed(perSecond < 10 ? 2 : 0)}/s`;
const figures = ({ requestsPerSecond, errorRate }: Pick<Edge, 'requestsPerSecond' | 'errorRate'>): string =>
  `${rate(requestsPerSecond)}, ${percent(errorRate)} errors`;

/**
 * Who calls whom: routes their upstreams, upstreams their targets, models their providers. Drawn as lines between boxes; said,
 * to who does not see them, as a list in each box.
 */
export function TrafficMap({ edges, upstreams }: { edges: readonly Edge[]; upstreams: readonly Upstream[] }) {
  const [isAll, setAll] = useState(false);
  const [looked, setLooked] = useState('');
  const { nodes, lines, hidden } = mapOf(edges, upstreams, isAll ? Number.POSITIVE_INFINITY : SHOWN);
  const columns = Math.max(...nodes.map(({ column }) => column)) + 1;
  const height = (Math.max(...nodes.map(({ row }) => row)) + 1) * PITCH;
  const isTouched = ({ from, to }: Line): boolean => from.key === looked || to.key === looked;
  return (
    <>
      <div class="map">
        <svg viewBox={`0 0 ${columns} ${height}`} preserveAspectRatio="none" aria-hidden="true">
          {lines.map((line) => (
            <path
              key={`${line.from.key} ${line.to.key}`}
              d={pathOf(line)}
              class={`${line.edge.errorRate >= BAD_RATE ? 'line-bad' : ''} ${isTouched(line) ? 'line-near' : ''}`}
              stroke-width={Math.min(10, 2 + 2 * Math.log10(1 + line.edge.requestsPerSecond))}
            />
          ))}
        </svg>
        <ul>
          {nodes.map((node) => (
            <li
              key={node.key}
              class={node.isBad ? 'node node-bad' : 'node'}
              style={{ gridColumn: node.column + 1, gridRow: node.row + 1 }}
              onMouseEnter={() => setLooked(node.key)}
              onFocusCapture={() => setLooked(node.key)}
            >
              <NodeShown node={node} lines={lines.filter(({ from }) => from === node)} />
            </li>
          ))}
        </ul>
      </div>
      <div class="row">
        {hidden > 0 && (
          <button type="button" class="quiet" onClick={() => setAll(true)}>
            {hidden} more: these are the busiest and the bad ones
          </button>
        )}
        <TrafficTable edges={edges} />
      </div>
    </>
  );
}

const NodeShown = ({ node, lines }: { node: Node; lines: readonly Line[] }) => (
  <>
    <a href={placeAddress(node.dimension, node.value)} title={node.value}>
      <span class="muted">{node.dimension}</span> <b>{node.value.replace(/^https?:\/\//, '')}</b>
    </a>
    <span class="node-figures">
      {rate(node.requestsPerSecond)}{' '}
      <span class={node.errorRate >= BAD_RATE ? 'bad' : undefined}>{percent(node.errorRate)} errors</span>
    </span>{' '}
    <span class="row">
      {node.p95 !== null && <span>p95 {duration(node.p95)}</span>}{' '}
      {node.state !== '' && (
        <span class="tag tag-bad">
          {node.dimension === 'upstream' && 'breaker '}
          {node.state}
        </span>
      )}
    </span>
    {lines.length > 0 && (
      <ul class="node-calls" aria-label="calls">
        {lines.map(({ to, edge }) => (
          <li key={to.key}>
            → {to.dimension} {to.value}: {figures(edge)}
          </li>
        ))}
      </ul>
    )}
  </>
);

/** From the right of a box to the left of another. */
function pathOf({ from, to }: Line): string {
  const [x1, y1] = [from.column + WIDE, from.row * PITCH + HEIGHT / 2];
  const [x2, y2] = [to.column, to.row * PITCH + HEIGHT / 2];
  const middle = (x1 + x2) / 2;
  return `M${x1} ${y1}C${middle} ${y1} ${middle} ${y2} ${x2} ${y2}`;
}
