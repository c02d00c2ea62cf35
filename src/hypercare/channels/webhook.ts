import { Webhook } from 'standardwebhooks';
import type { Channel, ChannelSettings, Told, Ways } from './channel.ts';

/** A webhook as standardwebhooks.com describes it, signed if there is a secret. */
export function webhook({ name, priorities, url, token, secret }: ChannelSettings, { post }: Ways): Channel {
  const signer = secret === '' ? undefined : new Webhook(secret);
  return {
    name,
    kind: 'webhook',
    priorities,
    isByFingerprint: false,
    async tell(told) {
      const body = JSON.stringify({
        type: `finding.${told.event}`,
        timestamp: new Date(told.at).toISOString(),
        data: dataOf(told),
      });
      // Of the delivery, not of what is told: an old one is a replay to who receives it.
      const now = new Date();
      const headers = {
        'webhook-id': told.id,
        'webhook-timestamp': String(Math.floor(now.getTime() / 1000)),
        ...(signer ? { 'webhook-signature': signer.sign(told.id, now, body) } : {}),
        ...(token === '' ? {} : { authorization: `Bearer ${token}` }),
      };
      await post({ url, headers, body });
      return '';
    },
  };
}

/** What a program on the other side may go by. */
export function dataOf({ finding, link }: Told) {
  const {
    id,
    title,
    sentence,
    priority,
    severity,
    state,
    category,
    labels,
    what,
    where,
    when,
    impact,
    cause,
  } = finding;
  const actions = finding.actions.map(({ n, kind, title: text, dryRun, status }) => ({
    n,
    kind,
    title: text,
    ok: dryRun.ok,
    status,
  }));
  return {
    id,
    title,
    sentence,
    priority,
    severity,
    state,
    category,
    labels,
    what,
    where,
    when,
    impact,
    cause,
    actions,
    link,
  };
}
