import type { Part } from '../part.ts';
import { type Check, type CheckContext, mustDiffer } from './context.ts';
import { policiesWithin } from './policies-of.ts';

/** What the parts of a TLS section need of each other. The files themselves: `pem-files.ts`. */
export const checkTls: Check = (config, context) => {
  const tls = config.get('server', 'tls');
  const auth = tls.get('clientAuth');
  if (auth.text !== 'none' && auth.text !== undefined && !tls.has('clientCa'))
    context.report(auth, 'needs clientCa: the authorities whose client certificates are valid');
  if (tls.has('clientCrl') && !tls.has('clientCa'))
    context.report(tls.get('clientCrl'), 'does nothing without clientCa and clientAuth');
  const asks = auth.text === 'request' || auth.text === 'require';
  const mayAsk = [...config.get('routes').items, config.get('ai'), config.get('mcp')];
  for (const [name, settings] of asks ? [] : mayAsk.flatMap(policiesWithin)) {
    if (name === 'auth-mtls')
      context.report(
        settings,
        'needs server.tls with clientAuth request or require: no client is asked for a certificate',
      );
  }
  mustDiffer(
    tls.get('certificates').items.flatMap((certificate) => certificate.get('names').items),
    'the name',
    context,
  );
  for (const [, upstream] of config.get('upstreams').entries) checkUpstream(upstream, context);
};

function checkUpstream(upstream: Part, { report }: CheckContext): void {
  const tls = upstream.get('tls');
  if (!tls.isWritten) return;
  if (tls.has('cert') !== tls.has('key'))
    report(tls, 'needs both cert and key, or neither: one is of no use without the other');
  for (const target of upstream.get('targets').items) {
    const url = target.get('url');
    if (url.text?.startsWith('http:')) report(url, 'is not https, and the upstream has a tls section');
  }
}
