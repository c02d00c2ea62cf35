import 'uplot/dist/uPlot.min.css';
import { useEffect, useRef, useState } from 'preact/hooks';
import type uPlot from 'uplot';
import { axisRange, axisTime, utc } from '../lib/format.ts';

/** One line of a chart. */
export interface Series {
  readonly label: string;
  readonly values: readonly (number | null)[];
  /** Of the palette in base.css: `accent`, `bad`, `good`, `muted`. */
  readonly colour: string;
  readonly isDashed?: boolean;
}

export interface Marker {
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly label: string;
}

const HEIGHT = 220;
/** What a colour of the palette comes to where it is drawn: a canvas does not know light-dark(). */
function colourOf(element: HTMLElement, name: string): string {
  element.style.color = `var(--${name})`;
  const { color } = getComputedStyle(element);
  element.style.color = '';
  return color;
}

/** Lines over time, with marks where something was changed. A table of the same figures is for who can't see it. */
export function Chart({
  title,
  times,
  series,
  markers = [],
  format,
}: {
  title: string;
  /** Milliseconds since the epoch. */
  times: readonly number[];
  series: readonly Series[];
  markers?: readonly Marker[];
  format(value: number): string;
}) {
  const box = useRef<HTMLDivElement>(null);
  const [Plot, setPlot] = useState<typeof uPlot>();
  const [problem, setProblem] = useState('');
  useEffect(() => {
    // A third of the console, of which one view has need: it comes when that is opened.
    import('uplot').then(
      (library) => setPlot(() => library.default),
      (error: Error) => setProblem(error.message),
    );
  }, []);
  useEffect(() => {
    if (!Plot) return;
    const element = box.current as HTMLDivElement;
    const plot = new Plot(
      {
        width: element.clientWidth || 640,
        height: HEIGHT,
        // A change is shown also where the line begins after it.
        scales: {
          x: { range: (_, from, to) => [Math.min(from, ...markers.map(({ at }) => at / 1e3)), to] },
          y: { range: (_, __, highest) => axisRange(highest) },
        },
        tzDate: (seconds) => Plot.tzDate(new Date(seconds * 1e3), 'Etc/UTC'),
        legend: { show: true },
        axes: [
          {
            stroke: colourOf(element, 'muted'),
            grid: { stroke: colourOf(element, 'line') },
            ticks: { stroke: colourOf(element, 'line') },
            space: 80,
            values: (_, seconds, __, ___, step) => seconds.map((each) => axisTime(each * 1e3, step)),
          },
          {
            stroke: colourOf(element, 'muted'),
            grid: { stroke: colourOf(element, 'line') },
            ticks: { stroke: colourOf(element, 'line') },
            size: 70,
            values: (_, values) => values.map(format),
          },
        ],
        series: [
          { label: 'At', value: (_, at: number | null) => (at === null ? 'times in UTC' : utc(at * 1e3)) },
          ...series.map(({ label, colour, isDashed }) => ({
            label,
            stroke: colourOf(element, colour),
            width: 2,
            ...(isDashed ? { dash: [6, 4] } : {}),
            value: (_: uPlot, value: number | null) => (value === null ? '–' : format(value)),
          })),
        ],
        hooks: { draw: [(drawn) => drawMarkers(drawn, markers)] },
      },
      [times.map((at) => at / 1e3), ...series.map(({ values }) => [...values])] as uPlot.AlignedData,
      element,
    );
    const fit = new ResizeObserver(() => plot.setSize({ width: element.clientWidth, height: HEIGHT }));
    fit.observe(element);
    return () => {
      fit.disconnect();
      plot.destroy();
    };
  }, [Plot, times, series, markers, format]);
  return (
    <>
      {problem && <p class="bad">{problem}</p>}
      <div ref={box} class="chart" role="img" aria-label={title} />
    </>
  );
}

function drawMarkers({ root, ctx, bbox, valToPos }: uPlot, markers: readonly Marker[]): void {
  ctx.save();
  ctx.strokeStyle = colourOf(root, 'warn');
  ctx.fillStyle = colourOf(root, 'warn');
  ctx.setLineDash([4, 4]);
  for (const { at, label } of markers) {
    const x = valToPos(at / 1e3, 'x', true);
    if (x < bbox.left || x > bbox.left + bbox.width) continue;
    ctx.beginPath();
    ctx.moveTo(x, bbox.top);
    ctx.lineTo(x, bbox.top + bbox.height);
    ctx.stroke();
    // Axes leave their own alignment behind, and by it a label at the edge is cut.
    const isLeft = x < bbox.left + bbox.width / 2;
    ctx.textAlign = isLeft ? 'left' : 'right';
    ctx.fillText(label, isLeft ? x + 4 : x - 4, bbox.top + 12);
  }
  ctx.restore();
}
