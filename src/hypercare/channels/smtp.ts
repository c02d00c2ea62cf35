import { connect, type LookupFunction, type Socket } from 'node:net';
import { createTransport } from 'nodemailer';
import { type Channel, type ChannelSettings, headline, news, type Ways } from './channel.ts';
import { NotDelivered } from './post.ts';

const TIMEOUT_MS = 10_000;

/** E-mail by SMTP: one thread a finding, by the message ids that mail programs go by. */
export function smtp(
  { name, priorities, url, user, password, from, to }: ChannelSettings,
  { lookup, stop }: Ways,
): Channel {
  const { hostname, port, protocol } = new URL(url);
  const transport = createTransport({
    host: hostname,
    port: Number(port || (protocol === 'smtps:' ? 465 : 587)),
    secure: protocol === 'smtps:',
    connectionTimeout: TIMEOUT_MS,
    socketTimeout: TIMEOUT_MS,
    // Nodemailer resolves names for itself, and asks nobody whether they may lead there.
    getSocket: ({ host = '', port: at = 0 }, callback) => connectBy(lookup, host, Number(at), callback),
    disableFileAccess: true,
    disableUrlAccess: true,
    ...(user === '' ? {} : { auth: { user, pass: password } }),
  });
  return {
    name,
    kind: 'smtp',
    priorities,
    isByFingerprint: false,
    async tell(told) {
      const { finding, link, thread, id } = told;
      try {
        const sent = await transport.sendMail({
          from,
          to: [...to],
          subject: headline(told),
          text: [news(told), finding.sentence, link].filter((part) => part !== '').join('\n\n'),
          messageId: `<${id}@hypercare-gateway>`,
          signal: stop,
          ...(thread === '' ? {} : { inReplyTo: thread, references: thread }),
        });
        return thread || sent.messageId;
      } catch (error) {
        const { code, responseCode } = error as { code?: string; responseCode?: number };
        throw new NotDelivered(`not taken: ${code ?? 'unknown'}${responseCode ? ` ${responseCode}` : ''}`);
      }
    },
    close: () => transport.close(),
  };
}

function connectBy(
  lookup: LookupFunction,
  host: string,
  port: number,
  callback: (error: Error | null, socket?: { connection: Socket }) => void,
): void {
  const connection = connect({ host: host.replace(/^\[|\]$/g, ''), port, lookup, timeout: TIMEOUT_MS });
  const settle = (error: Error | null): void => {
    connection.off('error', settle).off('connect', onConnect).off('timeout', onTimeout);
    connection.setTimeout(0);
    if (error === null) callback(null, { connection });
    else {
      connection.destroy();
      callback(error);
    }
  };
  const onConnect = (): void => settle(null);
  const onTimeout = (): void =>
    settle(Object.assign(new Error('no connection in time'), { code: 'ETIMEDOUT' }));
  connection.once('error', settle).once('connect', onConnect).once('timeout', onTimeout);
}
