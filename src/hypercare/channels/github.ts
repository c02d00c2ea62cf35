import {
  type Channel,
  type ChannelSettings,
  headline,
  news,
  type Told,
  type ToldEvent,
  type Ways,
} from './channel.ts';
import { field } from './post.ts';

/** GitHub's REST API: one issue for a fingerprint, a comment for what comes after, closed once it is over. */
export function github(
  { name, priorities, url, token, repository }: ChannelSettings,
  { post }: Ways,
): Channel {
  const base = `${url || 'https://api.github.com'}/repos/${repository}/issues`;
  const headers = {
    authorization: `Bearer ${token}`,
    accept: 'application/vnd.github+json',
    'x-github-api-version': '2022-11-28',
  };
  return {
    name,
    kind: 'github',
    priorities,
    isByFingerprint: true,
    async tell(told) {
      if (told.thread === '') {
        const body = `${plain(told.finding.sentence)}\n\n${lineOf(told)}`;
        const labels = ['hypercare', told.finding.category];
        return field(
          await post({ url: base, headers, body: { title: headline(told).slice(0, 256), body, labels } }),
          'number',
        );
      }
      const issue = `${base}/${told.thread}`;
      await post({ url: `${issue}/comments`, headers, body: { body: lineOf(told) } });
      const state = STATES[told.event];
      if (state) await post({ url: issue, method: 'PATCH', headers, body: state });
      return told.thread;
    },
  };
}

/** What becomes of the issue; of other news it stays as it is. */
const STATES: Readonly<Partial<Record<ToldEvent, object>>> = {
  opened: { state: 'open' },
  regressed: { state: 'open' },
  resolved: { state: 'closed', state_reason: 'completed' },
  ended: { state: 'closed', state_reason: 'not_planned' },
};

const lineOf = (told: Told): string =>
  `${plain(news(told))}\n\n${told.link === '' ? told.finding.id : told.link}`;

/** No mention, no reference, no markup. */
const plain = (text: string): string =>
  text.replaceAll(/[<>&`*_[\]@#|\\]/g, (sign) => `&#${sign.charCodeAt(0)};`);
