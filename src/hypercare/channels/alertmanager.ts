import type { Channel, ChannelSettings, Told, Ways } from './channel.ts';

type Labels = Readonly<Record<string, string>>;

/** Without an end Alertmanager takes an alert for over after its `resolve_timeout`. */
const LASTS_MS = 24 * 60 * 60 * 1000;
/** It keeps alerts in memory alone, and wants them "on the order of 30 seconds to 3 minutes" while they are active. */
const REPEAT_MS = 3 * 60_000;
/** Of two ends it takes the later one unless the newer is past by its own clock, which may be behind ours. */
const SKEW_MS = 60_000;

/** Alertmanager's API v2: an alert a finding; that it is over is the same alert with an end. */
export function alertmanager({ name, priorities, url, token }: ChannelSettings, { post }: Ways): Channel {
  return {
    name,
    kind: 'alertmanager',
    priorities,
    isByFingerprint: false,
    repeatMs: REPEAT_MS,
    async tell(told) {
      const headers: Record<string, string> = token === '' ? {} : { authorization: `Bearer ${token}` };
      const labels = labelsOf(told);
      await post({ url: `${url}/api/v2/alerts`, headers, body: [alertOf(told, labels)] });
      return JSON.stringify(labels);
    },
  };
}

function alertOf({ finding, event, at, link }: Told, labels: Labels) {
  const isOver = event === 'resolved' || event === 'ended';
  const ends = isOver ? Math.max(finding.openedAt, at - SKEW_MS) : at + LASTS_MS;
  return {
    labels,
    annotations: { summary: finding.title, description: finding.sentence, state: finding.state },
    startsAt: new Date(finding.openedAt).toISOString(),
    endsAt: new Date(ends).toISOString(),
    ...(link === '' ? {} : { generatorURL: link }),
  };
}

/** They are the alert's identity: as they were when it was told first, whatever the finding has become. */
function labelsOf({ finding, thread }: Told): Labels {
  if (thread.startsWith('{')) return JSON.parse(thread) as Labels;
  const { id, detector, category, where } = finding;
  const [scope = {}] = where.scopes;
  const place = Object.entries(scope).map(([dimension, value]) => [dimension.toLowerCase(), value]);
  return { alertname: 'HypercareFinding', finding: id, detector, category, ...Object.fromEntries(place) };
}
