import { Type } from 'typebox';
import type { PemFile } from '../../lib/pem-file.ts';
import { OneOf, Strict } from './units.ts';

/** A path in the file; path and content once it is loaded (`pem-files.ts`). Relative to the folder of the file. */
const PemPath = (description: string) =>
  Type.Unsafe<PemFile>({ type: 'string', minLength: 1, description: `${description} Watched for changes.` });

export const ServerCertificate = Strict({
  cert: PemPath('PEM file: the certificate, then the intermediate ones.'),
  key: PemPath('PEM file: its private key, not encrypted.'),
  names: Type.Optional(
    Type.Array(Type.String({ pattern: '^(\\*\\.)?[A-Za-z0-9.:-]+$' }), {
      minItems: 1,
      description: 'Host names that get it, *.example.com too. Without: those that the certificate names.',
    }),
  ),
});

/** TLS of the public listener. */
export const ServerTls = Strict(
  {
    certificates: Type.Array(ServerCertificate, {
      minItems: 1,
      description: 'By host name (SNI); the first is for clients that name none, or one that is not here.',
    }),
    minVersion: OneOf(['TLSv1.2', 'TLSv1.3'], { default: 'TLSv1.2' }),
    clientAuth: OneOf(['none', 'request', 'require'], {
      default: 'none',
      description:
        'Whether clients show a certificate: not asked for; asked for, policies decide (auth-mtls); or no connection without.',
    }),
    clientCa: Type.Optional(PemPath('PEM file: the authorities whose client certificates are valid.')),
    clientCrl: Type.Optional(
      PemPath(
        'PEM file: certificates of clients that are revoked, a list of each authority of clientCa. One that is out of date (nextUpdate) lets nobody in.',
      ),
    ),
  },
  { description: 'TLS of the public listener. Without it the listener is plain HTTP.' },
);

/** TLS of the gateway as a client. */
export const UpstreamTls = Strict(
  {
    ca: Type.Optional(PemPath('PEM file: authorities to believe instead of the well-known ones.')),
    cert: Type.Optional(PemPath('PEM file: the certificate that the gateway shows.')),
    key: Type.Optional(PemPath('PEM file: its private key, not encrypted.')),
    serverName: Type.Optional(
      Type.String({
        pattern: '^[A-Za-z0-9.-]+$',
        description: 'The name that targets must prove, and are asked for. Without: the host of their URL.',
      }),
    ),
    verify: Type.Boolean({
      default: true,
      description: 'Whether targets must prove who they are. False: anybody on the way can read and answer.',
    }),
  },
  { description: 'How https targets are spoken to.' },
);
