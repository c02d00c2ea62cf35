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

type Certificate = NonNullable<PolicyConsumer['certificates']>[number];

/** What tells a certificate: `sha256:…`, `subject:…`, `dns:…`, `uri:…`, `email:…`. */
const markOf = ({ sha256, subject, san }: Certificate): string =>
  sha256 ? `sha256:${sha256}` : subject ? `subject:${subject}` : (san ?? '');

const marked = (consumers: readonly PolicyConsumer[]): [mark: string, consumer: PolicyConsumer][] =>
  consumers.flatMap((consumer) =>
    (consumer.certificates ?? []).map((each): [string, PolicyConsumer] => [markOf(each), consumer]),
  );

const authMtls: PolicyDescriptor<object> = {
  name: 'auth-mtls',
  slot: 'identify',
  schema: Settings,
  check(_settings, { consumers }) {
    const owners = new Map<string, string>();
    for (const [mark, { name }] of marked(consumers)) {
      const other = owners.get(mark);
      if (other !== undefined)
        return `"${other}" and "${name}" have a certificate with the same ${mark.slice(0, mark.indexOf(':'))}: whose is it?`;
      owners.set(mark, name);
    }
    return owners.size === 0 ? 'no consumer has a certificate: nobody could ever pass' : undefined;
  },
  create(_settings, ports) {
    const known = new Map(marked(ports.consumers));
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
