import type { ChannelKind } from '../../config/schema/hypercare-channels.ts';
import { alertmanager } from './alertmanager.ts';
import type { Channel, ChannelSettings, ConfiguredChannel, Ways } from './channel.ts';
import { cloudevents } from './cloudevents.ts';
import { github } from './github.ts';
import { jira } from './jira.ts';
import { pagerduty } from './pagerduty.ts';
import { slack } from './slack.ts';
import { smtp } from './smtp.ts';
import { webhook } from './webhook.ts';

const KINDS: Readonly<
  Record<
    ChannelKind,
    { open(settings: ChannelSettings, ways: Ways): Channel; needs: readonly (keyof ChannelSettings)[] }
  >
> = {
  webhook: { open: webhook, needs: ['url'] },
  slack: { open: slack, needs: [] },
  pagerduty: { open: pagerduty, needs: ['routingKey'] },
  alertmanager: { open: alertmanager, needs: ['url'] },
  jira: { open: jira, needs: ['url', 'user', 'token', 'project'] },
  github: { open: github, needs: ['token', 'repository'] },
  smtp: { open: smtp, needs: ['url', 'from', 'to'] },
  cloudevents: { open: cloudevents, needs: ['url'] },
};

/** A channel, and the console's URL for links in what it is told. */
export type OpenChannel = Channel & { readonly console: string };

/**
 * Opens the channels of a config. What a kind needs and is not given switches it off: that is how a config says
 * `${SLACK_WEBHOOK:-}`.
 * @returns those that are on, and of the others why they are off
 */
export function openChannels(
  notify: readonly ConfiguredChannel[],
  ways: Ways,
): {
  channels: OpenChannel[];
  off: { name: string; why: string }[];
} {
  const channels: OpenChannel[] = [];
  const off: { name: string; why: string }[] = [];
  const names = new Set<string>();
  for (const [i, { console = '', ...given }] of notify.entries()) {
    const base = given.name || `${given.kind}-${i + 1}`;
    const name = names.has(base) ? `${base}-${i + 1}` : base;
    names.add(name);
    const settings = {
      ...given,
      name,
      url: (given.url ?? '').replace(/\/+$/, ''),
      routingKey: given.routingKey ?? '',
    };
    const why = missing(settings);
    if (why !== undefined) off.push({ name, why });
    else
      try {
        channels.push({ ...KINDS[given.kind].open(settings, ways), console });
      } catch (error) {
        off.push({ name, why: error instanceof Error ? error.message : String(error) });
      }
  }
  return { channels, off };
}

function missing(settings: ChannelSettings): string | undefined {
  const { kind, url, token, channel } = settings;
  if (kind === 'slack' && url === '' && (token === '' || channel === ''))
    return 'needs a url, or a token and a channel';
  if (url !== '' && !URL.canParse(url)) return 'its url is not one';
  const empty = KINDS[kind].needs.filter((key) => settings[key].length === 0);
  return empty.length === 0 ? undefined : `${empty.join(' and ')} ${empty.length > 1 ? 'are' : 'is'} empty`;
}
