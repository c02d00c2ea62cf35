import { useEffect, useState } from 'preact/hooks';
import { localTime, utc } from '../lib/format.ts';

/** What time it is, in UTC, and beside it where one is, if that differs. */
export function Clock() {
  const [now, setNow] = useState(Date.now());
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 1_000);
    return () => clearInterval(timer);
  }, []);
  return (
    <>
      <Time at={now} now={now} />
      {/* Of `Sun Nov 29 2026 21:14:00 GMT+0530 (India Standard Time)` the middle. */}
      {new Date(now).getTimezoneOffset() !== 0 && <span class="muted">{localTime(now).slice(16, 33)}</span>}
    </>
  );
}

/** A time for people and for machines. */
export function Time({ at, now }: { at: number; now?: number }) {
  return (
    <time dateTime={new Date(at).toISOString()} title={localTime(at)}>
      {utc(at, now)}
    </time>
  );
}
