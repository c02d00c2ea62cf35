import { type Channel, type ChannelSettings, headline, news, type Told, type Ways } from './channel.ts';
import { field } from './post.ts';

/** Jira Cloud, REST API 3: one ticket for a fingerprint, and a comment for what comes after. */
export function jira(
  { name, priorities, url, user, token, project, issueType }: ChannelSettings,
  { post }: Ways,
): Channel {
  const headers = {
    authorization: `Basic ${Buffer.from(`${user}:${token}`).toString('base64')}`,
    accept: 'application/json',
  };
  return {
    name,
    kind: 'jira',
    priorities,
    isByFingerprint: true,
    async tell(told) {
      const base = `${url}/rest/api/3/issue`;
      if (told.thread !== '') {
        await post({
          url: `${base}/${encodeURIComponent(told.thread)}/comment`,
          headers,
          body: { body: document(linesOf(told)) },
        });
        return told.thread;
      }
      const fields = {
        project: { key: project },
        issuetype: { name: issueType },
        summary: headline(told).replaceAll(/\s+/g, ' ').slice(0, 255),
        description: document([told.finding.sentence, ...linesOf(told)]),
        labels: [
          'hypercare',
          told.finding.category,
          ...told.finding.labels.map((label) => label.replaceAll(/\s+/g, '-')),
        ],
      };
      return field(await post({ url: base, headers, body: { fields } }), 'key');
    },
  };
}

const linesOf = (told: Told): string[] => [
  news(told),
  ...(told.link === '' ? [told.finding.id] : [told.link]),
];

/** Atlassian's document format: text is text in it, whatever it holds. */
const document = (paragraphs: readonly string[]) => ({
  type: 'doc',
  version: 1,
  content: paragraphs.map((text) => ({ type: 'paragraph', content: [{ type: 'text', text }] })),
});
