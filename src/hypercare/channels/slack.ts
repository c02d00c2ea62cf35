import { type Channel, type ChannelSettings, headline, news, type Told, type Ways } from './channel.ts';
import { field, NotDelivered } from './post.ts';

/** Characters of a section's text (Slack: 3000). */
const MOST_TEXT = 2900;

/**
 * Slack: with a bot token chat.postMessage, one thread a finding; with an incoming webhook's URL messages in a row, as a
 * webhook is not told where its message went.
 */
export function slack({ name, priorities, url, token, channel }: ChannelSettings, { post }: Ways): Channel {
  const usesApi = token !== '';
  return {
    name,
    kind: 'slack',
    priorities,
    isByFingerprint: false,
    async tell(told) {
      const message = messageOf(told);
      if (!usesApi) {
        await post({ url, body: message });
        return '';
      }
      const answer = await post({
        url: `${url || 'https://slack.com/api'}/chat.postMessage`,
        headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json; charset=utf-8' },
        body: { channel, ...message, ...(told.thread === '' ? {} : { thread_ts: told.thread }) },
      });
      // Slack says 200 to everything.
      const { ok, error } = (answer ?? {}) as { ok?: boolean; error?: unknown };
      if (ok !== true) throw new NotDelivered(`refused: ${String(error).slice(0, 100)}`);
      return told.thread || field(answer, 'ts');
    },
  };
}

function messageOf(told: Told) {
  const { finding, link, thread } = told;
  const text = `${headline(told)}: ${news(told)}`;
  const body = thread === '' ? finding.sentence : news(told);
  return {
    text: escaped(text),
    blocks: [
      ...(thread === ''
        ? [{ type: 'header', text: { type: 'plain_text', text: headline(told).slice(0, 150), emoji: false } }]
        : []),
      { type: 'section', text: { type: 'mrkdwn', text: escaped(body).slice(0, MOST_TEXT) } },
      {
        type: 'context',
        elements: [
          {
            type: 'mrkdwn',
            text: `${escaped(news(told)).slice(0, 500)} · ${link === '' ? finding.id : `<${link}|${finding.id}>`}`,
          },
        ],
      },
    ],
  };
}

/** What Slack takes for markup, names of people and links in it (@channel, <!here>) included. */
const escaped = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
