import { createHash, createHmac, randomBytes } from 'node:crypto';
import { dirname, resolve } from 'node:path';
import type { ErrorObject } from 'ajv';
import { LRUCache } from 'lru-cache';
import { type Change, movedSecrets } from './bound-secrets.ts';
import { checkConfig } from './checks.ts';
import { type ConfigDocument, readDocument } from './document.ts';
import { type InactivePart, inactiveParts } from './inactive.ts';
import { Lookup } from './interpolate.ts';
import { openRoutes } from './open-routes.ts';
import { child, pathOfPointer } from './path.ts';
import { type PemFiles, readPemFiles } from './pem-files.ts';
import { documentProblems, interpolatedAt, placed, showing } from './placing.ts';
import { ConfigError, type ConfigProblem } from './problems.ts';
import { type GatewayConfig, gatewaySchema } from './schema/index.ts';
import type { PolicySchema } from './schema/policy-schema.ts';
import { type Finding, type Shown, schemaFindings } from './schema-problems.ts';
import { readText } from './source.ts';
import { compile, type Validator } from './validate.ts';

export type PolicySchemas = Readonly<Record<string, PolicySchema>>;

export interface LoadOptions {
  /** Path of the file; also names it in problems, and `${file:…}` is relative to its folder. */
  file: string;
  /** The text, if it was read already or comes from elsewhere (a revision, the admin API). */
  text?: string;
  env: Readonly<Record<string, string | undefined>>;
  /** That of the process which compares; this one's own if absent. */
  fingerprintKey?: Uint8Array | undefined;
  /** Made by somebody who may not know the secrets in it; absent: by who writes the file, and may do anything. */
  change?: Change | undefined;
  /** The policies that are built, by name. Keep the object: the compiled schema is remembered with it. */
  policies: PolicySchemas;
}

export interface LoadedConfig {
  config: GatewayConfig;
  /** What the file asks for and this version does not do. */
  inactive: InactivePart[];
  /** What is valid, and may not do what its author thinks it does. */
  warnings: ConfigProblem[];
  /** As written, with its `${…}`. */
  text: string;
  /** SHA-256 of the text, hex: the identity of the revision. */
  hash: string;
  /**
   * Changes with the text and with everything that `${…}` read, certificates and keys too. Keyed afresh by each process that serves, so that it tells nothing
   * about the secrets in it: compare it within a process, store it nowhere.
   */
  fingerprint: string;
  /** Names of routes without a policy that identifies the caller (`ai` = the AI routes), and paths of the gateway's own: open to anyone. */
  openRoutes: string[];
  /** Absolute paths of what `${file:…}` read, and of certificates and keys. */
  files: string[];
}

const MAX_FILE_BYTES = 5 * 1024 ** 2;
const NO_PEMS: PemFiles = { files: [], hash: '', findings: [] };
/** Of what this process compares: another that reads for it takes it, too. */
export const FINGERPRINT_KEY: Uint8Array = randomBytes(32);
const validators = new WeakMap<PolicySchemas, Validator>();
/** By what their schema says. */
const compiled = new LRUCache<string, Validator>({ max: 4 });

/**
 * Reads, interpolates, validates and checks a configuration.
 *
 * @throws ConfigError with every problem found
 */
export function loadConfig(options: LoadOptions): LoadedConfig {
  const { file } = options;
  const text = options.text ?? readConfigText(file);
  if (Buffer.byteLength(text) > MAX_FILE_BYTES)
    throw fileProblem(file, `is larger than ${MAX_FILE_BYTES / 1024 ** 2} MB`);
  const folder = dirname(resolve(file));
  const lookup = new Lookup(options.env, folder);
  const document = readDocument(text, lookup);
  const shown = showing(document);
  const { config, findings } = validated(document, options.policies, shown);
  const checked =
    config === undefined ? undefined : checkConfig(config, options.policies, shown, findings.length === 0);
  findings.push(...(checked?.findings ?? []));
  // Looked at only if the rest is right: it costs a parse of each.
  const pems =
    findings.length === 0 && config !== undefined ? readPemFiles(config as GatewayConfig, folder) : NO_PEMS;
  findings.push(...pems.findings);
  if (findings.length === 0 && options.change)
    findings.push(...movedSecrets(document, options.change, new Lookup(options.env, folder)));
  const files = [...lookup.files, ...pems.files];
  const problems = [...documentProblems(document, file), ...placed(findings, document, file)];
  if (problems.length > 0) throw new ConfigError(problems, files);
  return {
    config: config as GatewayConfig,
    inactive: inactiveParts(document.value, document.places),
    warnings: placed(checked?.warnings ?? [], document, file),
    text,
    hash: createHash('sha256').update(text).digest('hex'),
    fingerprint: createHmac('sha256', options.fingerprintKey ?? FINGERPRINT_KEY)
      .update(text)
      .update(JSON.stringify(document.value))
      .update(pems.hash)
      .digest('hex'),
    openRoutes: openRoutes(config as GatewayConfig, options.policies),
    files,
  };
}

/** @throws ConfigError: it can't be read, or is too large */
export function readConfigText(file: string): string {
  try {
    return readText(file, MAX_FILE_BYTES);
  } catch (error) {
    throw fileProblem(file, error instanceof Error ? error.message : "can't be read");
  }
}

const fileProblem = (file: string, message: string): ConfigError =>
  new ConfigError([{ file, line: 1, column: 1, key: '', message: `the file ${message}` }]);

function validatorOf(policies: PolicySchemas): Validator {
  const known = validators.get(policies);
  if (known !== undefined) return known;
  const all = Object.entries(policies);
  const schema = gatewaySchema(Object.fromEntries(all.map(([name, each]) => [name, each.schema])));
  // The same policies, loaded once more, are the same schema: to compile it takes a second.
  const text = JSON.stringify(schema);
  const validator = compiled.get(text) ?? compile(schema);
  compiled.set(text, validator);
  validators.set(policies, validator);
  return validator;
}

/** The values with their defaults; with their units converted if there are no findings. */
function validated(
  document: ConfigDocument,
  policies: PolicySchemas,
  shown: Shown,
): { config: unknown; findings: Finding[] } {
  if (document.value === undefined) return { config: undefined, findings: [] };
  const validator = validatorOf(policies);
  for (;;) {
    const config: unknown = structuredClone(document.value);
    const errors = validator(config);
    if (!backToText(document, errors)) return { config, findings: schemaFindings(errors, config, shown) };
  }
}

/**
 * A variable may look like a number where text is wanted (a key that is all digits): it is text after all. True if
 * there was one.
 */
function backToText(document: ConfigDocument, errors: readonly ErrorObject[]): boolean {
  let changed = false;
  for (const { keyword, params, instancePath } of errors) {
    if (keyword !== 'type' || ![params.type].flat().includes('string')) continue;
    const path = pathOfPointer(instancePath, document.value);
    const text = interpolatedAt(document, path)?.text;
    const parent = path.slice(0, -1).reduce(child, document.value);
    if (text === undefined || typeof parent !== 'object' || parent === null) continue;
    if (typeof child(parent, path.at(-1)!) === 'string') continue;
    Object.assign(parent, { [path.at(-1)!]: text });
    changed = true;
  }
  return changed;
}
