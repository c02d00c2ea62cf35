import { useEffect, useState } from 'preact/hooks';
import { localTime, utc } from '../lib/format.ts';

/** What time it is, in UTC; the local time is its title. */
export function Clock() {
  const [now, setNow] = useState(Date.now());
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 1_000);
    return () => clearInterval(timer);
  }, []);
  return <Time at={now} now={now} />;
}

/** A time for people and for machines. */
export function Time({ at, now }: { at: number; now?: number }) {
  return (
    <time dateTime={new Date(at).toISOString()} title={localTime(at)}>
      {utc(at, now)}
    </time>
  );
}
