import { badOf, type Propose, setting, valuesOf } from '../proposal.ts';

/** A route's fallback is not for the status that its upstream fails with: from now on it is. */
export const narrowFallback: Propose = ({ detection, config, written }) => {
  const status = Number(/^status_(\d{3})$/.exec(detection.reason)?.[1]);
  if (detection.what.signal !== 'unused-fallback' || Number.isNaN(status)) return [];
  const names = valuesOf(detection, 'route');
  const narrow = config.routes.flatMap(({ name, fallback }, index) =>
    names.includes(name) && fallback && !fallback.on.includes(status)
      ? [{ name, index, on: fallback.on }]
      : [],
  );
  if (narrow.length === 0) return [];
  return [
    {
      kind: 'widen-fallback',
      title: `Let the fallback of ${narrow.map(({ name }) => name).join(', ')} stand in for status ${status}, too`,
      operations: narrow.map(({ index, on }) =>
        setting(written, ['routes', index, 'fallback', 'on'], [...on, status]),
      ),
      risk: 'low',
      effort: 1,
      affects: detection.impact.share,
      touches: badOf(detection),
      fit: 0.9,
    },
  ];
};
