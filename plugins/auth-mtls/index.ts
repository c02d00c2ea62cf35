import { Type } from 'typebox';
import type { ClientCertificate, PolicyConsumer, PolicyDescriptor } from '../../src/contracts/policy.ts';
import { GatewayError } from '../../src/errors/gateway-error.ts';

const Settings = Type.Object(
  {},
  {
    additionalProperties: false,
    description:
      'Lets in consumers that show one of their client certificates (server.tls.clientAuth asks for them).',
  },
);

/** Consumers by what tells their certificates: `sha256:…`, `subject:…`, `dns:…`, `uri:…`, `email:…`. */
function index(consumers: readonly PolicyConsumer[]): Map<string, PolicyConsumer> {
  const known = new Map<string, PolicyConsumer>();
  for (const consumer of consumers) {
    for (const { sha256, subject, san } of consumer.certificates ?? []) {
      const mark = sha256 ? `sha256:${sha256}` : subject ? `subject:${subject}` : (san ?? '');
      const other = known.get(mark);
      if (other !== undefined)
        throw new Error(
          `"${consumer.name}" and "${other.name}" both have the certificate ${mark}: whose is it?`,
        );
      known.set(mark, consumer);
    }
  }
  if (known.size === 0) throw new Error('no consumer has a certificate: nobody could ever pass');
  return known;
}

const authMtls: PolicyDescriptor<object> = {
  name: 'auth-mtls',
  slot: 'identify',
  schema: Settings,
  create(_settings, ports) {
    const known = index(ports.consumers);
    /** The narrowest mark first. */
    const find = ({ sha256, names, subject }: ClientCertificate): PolicyConsumer | undefined => {
      const exact = known.get(`sha256:${sha256}`);
      if (exact !== undefined) return exact;
      for (const name of names) {
        const named = known.get(name);
        if (named !== undefined) return named;
      }
      return subject === '' ? undefined : known.get(`subject:${subject}`);
    };
    const refused = (cause: string): GatewayError => new GatewayError('auth_certificate_refused', { cause });
    return {
      onRequest(exchange, request) {
        const certificate = ports.clientCertificate(request.raw);
        if (certificate === undefined) return new GatewayError('auth_certificate_missing');
        if (certificate.fault !== '') return refused(`the certificate is not valid: ${certificate.fault}`);
        const consumer = find(certificate);
        if (consumer === undefined) return refused(`no consumer has the certificate ${certificate.sha256}`);
        exchange.consumer = consumer.name;
        exchange.consumerGroups = consumer.groups;
        return undefined;
      },
    };
  },
};

export default authMtls;
