import { useEffect, useState } from 'preact/hooks';
import { local, utc } from '../lib/format.ts';

/** What time it is, in UTC, and beside it where one is, if that differs. */
export function Clock() {
  const [now, setNow] = useState(Date.now());
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 1_000);
    return () => clearInterval(timer);
  }, []);
  return (
    <time dateTime={new Date(now).toISOString()}>
      {utc(now, now)}
      {new Date(now).getTimezoneOffset() !== 0 && ` · ${local(now, now)}`}
    </time>
  );
}

/** A time for machines, and for people in UTC or as their clocks show it: which of the two is seen is said by the page (lib/zone.ts). */
export const Time = ({ at }: { at: number }) => (
  <time dateTime={new Date(at).toISOString()}>
    <span class="utc">{utc(at)}</span>
    <span class="local">{local(at)}</span>
  </time>
);
