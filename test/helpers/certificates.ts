import 'reflect-metadata';
import { randomBytes, type webcrypto, X509Certificate } from 'node:crypto';
import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  BasicConstraintsExtension,
  type GeneralNameType,
  PemConverter,
  SubjectAlternativeNameExtension,
  X509CertificateGenerator,
  X509CrlGenerator,
} from '@peculiar/x509';
import { onTestFinished } from 'vitest';

const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
const DAY_MS = 24 * 3600_000;

type Keys = webcrypto.CryptoKeyPair;
export type Names = { type: GeneralNameType; value: string }[];

export interface Issued {
  cert: string;
  key: string;
}

export interface Authority {
  /** PEM of its own certificate. */
  readonly cert: string;
  issue(wanted: { cn?: string; names?: Names; days?: number }): Promise<Issued>;
  /** PEM of its list of revoked certificates, with these on it. */
  revoke(...certificates: readonly Issued[]): Promise<string>;
}

export const dns = (...names: string[]): Names => names.map((value) => ({ type: 'dns', value }));
export const LOOPBACK: Names = [{ type: 'ip', value: '127.0.0.1' }];

const newKeys = (): Promise<Keys> =>
  crypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify']) as Promise<Keys>;

/** An authority of the test's own, which issues certificates. */
export async function authority(name = 'Test CA'): Promise<Authority> {
  const own = await newKeys();
  const subject = `CN=${name}`;
  const certificate = await X509CertificateGenerator.createSelfSigned({
    name: subject,
    notBefore: new Date(Date.now() - DAY_MS),
    notAfter: new Date(Date.now() + 365 * DAY_MS),
    keys: own,
    signingAlgorithm: ALGORITHM,
    serialNumber: randomBytes(8).toString('hex'),
    extensions: [new BasicConstraintsExtension(true, 1, true)],
  });
  return {
    cert: certificate.toString('pem'),
    async revoke(...certificates) {
      const list = await X509CrlGenerator.create({
        issuer: subject,
        thisUpdate: new Date(Date.now() - DAY_MS),
        nextUpdate: new Date(Date.now() + DAY_MS),
        entries: certificates.map(({ cert }) => ({ serialNumber: new X509Certificate(cert).serialNumber })),
        signingAlgorithm: ALGORITHM,
        signingKey: own.privateKey,
      });
      return PemConverter.encode(list.rawData, 'X509 CRL');
    },
    async issue({ cn = 'test', names = [], days = 90 }) {
      const keys = await newKeys();
      const issued = await X509CertificateGenerator.create({
        subject: `CN=${cn}`,
        issuer: subject,
        notBefore: new Date(Date.now() - 2 * DAY_MS),
        notAfter: new Date(Date.now() + days * DAY_MS),
        publicKey: keys.publicKey,
        signingKey: own.privateKey,
        signingAlgorithm: ALGORITHM,
        serialNumber: `00${randomBytes(8).toString('hex')}`,
        extensions: names.length > 0 ? [new SubjectAlternativeNameExtension(names)] : [],
      });
      const pkcs8 = await crypto.subtle.exportKey('pkcs8', keys.privateKey);
      return { cert: issued.toString('pem'), key: PemConverter.encode(pkcs8, 'PRIVATE KEY') };
    },
  };
}

/** A folder of PEM files, gone when the test is over. */
export async function pemFolder(): Promise<{
  path(name: string): string;
  /** Written beside and renamed over, as tools do that renew certificates. */
  put(name: string, text: string): Promise<string>;
  putPair(name: string, pair: Issued): Promise<{ cert: string; key: string }>;
}> {
  const folder = await mkdtemp(join(tmpdir(), 'hypercare-pem-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const path = (name: string): string => join(folder, name);
  const put = async (name: string, text: string): Promise<string> => {
    await writeFile(path(`.${name}.new`), text);
    await rename(path(`.${name}.new`), path(name));
    return path(name);
  };
  return {
    path,
    put,
    putPair: async (name, { cert, key }) => ({
      cert: await put(`${name}.crt`, cert),
      key: await put(`${name}.key`, key),
    }),
  };
}
