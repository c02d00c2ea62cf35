import type { Severity } from '../../contracts/finding.ts';
import { placeWords } from '../findings/sentence.ts';
import {
  type Channel,
  type ChannelSettings,
  headline,
  type Told,
  type ToldEvent,
  type Ways,
} from './channel.ts';

const SEVERITIES: Readonly<Record<Severity, string>> = {
  critical: 'critical',
  high: 'error',
  medium: 'warning',
  low: 'info',
};

/** Events API v2: the finding's id is the dedup key, so that all that is said of it belongs to one incident. */
export function pagerduty({ name, priorities, url, routingKey }: ChannelSettings, { post }: Ways): Channel {
  return {
    name,
    kind: 'pagerduty',
    priorities,
    isByFingerprint: false,
    async tell(told) {
      await post({
        url: `${url || 'https://events.pagerduty.com'}/v2/enqueue`,
        body: eventOf(told, routingKey),
      });
      return told.finding.id;
    },
  };
}

const ACTIONS: Readonly<Partial<Record<ToldEvent, string>>> = {
  acknowledged: 'acknowledge',
  resolved: 'resolve',
  ended: 'resolve',
};

function eventOf(told: Told, routingKey: string) {
  const { finding, event, link } = told;
  return {
    routing_key: routingKey,
    event_action: ACTIONS[event] ?? 'trigger',
    dedup_key: finding.id,
    client: 'Hypercare Gateway',
    ...(link === '' ? {} : { client_url: link, links: [{ href: link, text: finding.id }] }),
    payload: {
      summary: headline(told).slice(0, 1024),
      source: 'hypercare-gateway',
      severity: SEVERITIES[finding.severity],
      timestamp: new Date(finding.when.since).toISOString(),
      component: placeWords(finding.where).slice(0, 255),
      group: finding.detector,
      class: finding.category,
      custom_details: { finding: finding.sentence, state: finding.state, why: finding.why.sentence },
    },
  };
}
