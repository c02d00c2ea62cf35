import type { Finding } from '../findings/finding.ts';
import type { Channel, ChannelSettings, Told, Ways } from './channel.ts';

/** Without an end Alertmanager takes an alert for over after its `resolve_timeout`. */
const LASTS_MS = 24 * 60 * 60 * 1000;

/** Alertmanager's API v2: an alert a finding; that it is over is the same alert with an end. */
export function alertmanager({ name, priorities, url, token }: ChannelSettings, { post }: Ways): Channel {
  return {
    name,
    kind: 'alertmanager',
    priorities,
    isByFingerprint: false,
    async tell(told) {
      const headers: Record<string, string> = token === '' ? {} : { authorization: `Bearer ${token}` };
      await post({ url: `${url}/api/v2/alerts`, headers, body: [alertOf(told)] });
      return told.finding.id;
    },
  };
}

function alertOf({ finding, event, at, link }: Told) {
  const ends = event === 'resolved' || event === 'ended' ? at : at + LASTS_MS;
  return {
    labels: { ...labelsOf(finding) },
    annotations: { summary: finding.title, description: finding.sentence, state: finding.state },
    startsAt: new Date(finding.openedAt).toISOString(),
    endsAt: new Date(ends).toISOString(),
    ...(link === '' ? {} : { generatorURL: link }),
  };
}

/** They are the alert's identity: nothing in them may change while it lasts. */
function labelsOf({ id, detector, category, where }: Finding): Record<string, string> {
  const [scope = {}] = where.scopes;
  const place = Object.entries(scope).map(([dimension, value]) => [dimension.toLowerCase(), value]);
  return { alertname: 'HypercareFinding', finding: id, detector, category, ...Object.fromEntries(place) };
}
