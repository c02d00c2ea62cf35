import { createHash, X509Certificate } from 'node:crypto';
import { resolve } from 'node:path';
import { createSecureContext } from 'node:tls';
import { pemBlocks } from '../lib/pem-blocks.ts';
import { PemFile } from '../lib/pem-file.ts';
import { Part } from './part.ts';
import type { GatewayConfig } from './schema/index.ts';
import type { Finding } from './schema-problems.ts';
import { readText } from './source.ts';

const MAX_BYTES = 1024 ** 2;

export interface PemFiles {
  /** Absolute paths, also of those that could not be read. */
  files: string[];
  /** Changes with what is in them. */
  hash: string;
  findings: Finding[];
}

/**
 * Reads the certificates and keys that a configuration names and puts them in the place of their paths. So they are part
 * of a revision: a broken one refuses it whole, and the last good one serves on.
 *
 * @param config fits the schema
 * @param folder what relative paths are relative to
 */
export function readPemFiles(config: GatewayConfig, folder: string): PemFiles {
  const files = new Set<string>();
  const hash = createHash('sha256');
  const findings: Finding[] = [];
  const report = ({ path }: Part, message: string): void =>
    void findings.push({ path, at: 'value', message });

  /** The file in the place of its path; undefined if there is none. */
  const read = (section: Part, key: string): PemFile | undefined => {
    const part = section.get(key);
    if (part.text === undefined) return undefined;
    const absolute = resolve(folder, part.text);
    files.add(absolute);
    try {
      const file = new PemFile(part.text, readText(absolute, MAX_BYTES));
      Object.assign(section.value as object, { [key]: file });
      hash.update(file.sha256);
      return file;
    } catch (error) {
      report(part, `the file ${(error as Error).message}`);
      return undefined;
    }
  };

  const readPair = (section: Part): void => {
    const [certificate, key] = [section.get('cert'), section.get('key')];
    const [cert, secret] = [read(section, 'cert'), read(section, 'key')];
    if (cert === undefined || secret === undefined) return;
    const wrong = wrongWithCertificates(cert);
    if (wrong !== undefined) {
      report(certificate, wrong);
      return;
    }
    try {
      createSecureContext({ cert: cert.read(), key: secret.read() });
    } catch (error) {
      report(key, `is not the key of the certificate: ${(error as Error).message}`);
    }
  };

  const readAuthorities = (section: Part, key: string): void => {
    const part = section.get(key);
    const file = read(section, key);
    const wrong = file && wrongWithCertificates(file);
    if (wrong !== undefined) report(part, wrong);
  };

  const root = new Part(config);
  const tls = root.get('server', 'tls');
  for (const certificate of tls.get('certificates').items) readPair(certificate);
  readAuthorities(tls, 'clientCa');
  const revoked = read(tls, 'clientCrl');
  const wrong = revoked && wrongWithRevocations(revoked);
  if (wrong !== undefined) report(tls.get('clientCrl'), wrong);
  for (const [, upstream] of root.get('upstreams').entries) {
    readPair(upstream.get('tls'));
    readAuthorities(upstream.get('tls'), 'ca');
  }
  return { files: [...files], hash: hash.digest('hex'), findings };
}

/** OpenSSL passes over what is no certificate in silence. */
function wrongWithCertificates(file: PemFile): string | undefined {
  const found = pemBlocks(file.read(), 'CERTIFICATE');
  if (found.length === 0) return 'holds no certificate in PEM form';
  if (/-----END CERTIFICATE-----[^\S\r\n]*[^\s]/.test(file.read()))
    return 'has two certificates on one line, which OpenSSL does not read: put a line break between them';
  for (const pem of found) {
    try {
      new X509Certificate(pem);
    } catch (error) {
      return `holds a certificate that can't be read: ${(error as Error).message}`;
    }
  }
  return undefined;
}

function wrongWithRevocations(file: PemFile): string | undefined {
  const lists = pemBlocks(file.read(), 'X509 CRL');
  if (lists.length === 0) return 'holds no list of revoked certificates in PEM form';
  try {
    createSecureContext({ crl: lists });
    return undefined;
  } catch (error) {
    return `holds a list of revoked certificates that can't be read: ${(error as Error).message}`;
  }
}
