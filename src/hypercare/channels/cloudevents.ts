import type { Channel, ChannelSettings, Ways } from './channel.ts';
import { dataOf } from './webhook.ts';

/** CloudEvents 1.0 over HTTP, in structured mode. */
export function cloudevents({ name, priorities, url, token }: ChannelSettings, { post }: Ways): Channel {
  return {
    name,
    kind: 'cloudevents',
    priorities,
    isByFingerprint: false,
    async tell(told) {
      await post({
        url,
        headers: {
          'content-type': 'application/cloudevents+json',
          ...(token === '' ? {} : { authorization: `Bearer ${token}` }),
        },
        body: {
          specversion: '1.0',
          id: told.id,
          source: '/hypercare-gateway/findings',
          type: `io.hypercare.finding.${told.event}`,
          subject: told.finding.id,
          time: new Date(told.at).toISOString(),
          datacontenttype: 'application/json',
          data: dataOf(told),
        },
      });
      return '';
    },
  };
}
