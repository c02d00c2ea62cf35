import { type TSchema, Type } from 'typebox';
import { type LoadedConfig, loadConfig, type PolicySchemas } from '../../../src/config/load.ts';
import { ConfigError } from '../../../src/config/problems.ts';
import { Duration, OneOf, Strict } from '../../../src/config/schema/units.ts';

const limit: TSchema = Strict({
  limit: Type.Integer({ minimum: 1 }),
  window: Duration({ default: '1m' }),
  per: OneOf(['consumer', 'address'], { default: 'consumer' }),
});
const cors: TSchema = Strict({ origins: Type.Array(Type.String(), { minItems: 1 }) });
const headers: TSchema = Strict({
  request: Type.Optional(Type.Unknown()),
  response: Type.Optional(Type.Unknown()),
});

/** Stand-ins for the policies in plugins/, which the config room doesn't know. */
export const POLICIES: PolicySchemas = {
  'auth-api-key': { slot: 'identify', schema: Strict({}) },
  cors: { slot: 'admit', schema: cors },
  'rate-limit': { slot: 'limit', schema: limit },
  headers: { slot: 'transform', schema: headers },
  'response-cache': {
    slot: 'inspect',
    on: 'routes',
    schema: Strict({ ttl: Duration(), staleIfError: Type.Optional(Duration()) }),
  },
  'body-schema': { slot: 'inspect', on: 'routes', schema: headers },
};

export const FILE = 'gateway.yaml';

/** Loads text as gateway.yaml. */
export const load = (text: string, env: Record<string, string> = {}): LoadedConfig =>
  loadConfig({ file: FILE, text, env, policies: POLICIES });

/** The problems of a text, as printed, one a line without the name of the file. */
export function problems(text: string, env: Record<string, string> = {}): string[] {
  try {
    load(text, env);
    return [];
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return error.message.split('\n').map((line) => line.replace(`${FILE}:`, ''));
  }
}

/** The smallest whole configuration, and what a test adds to it. */
export const SMALL = `version: 1
upstreams:
  shop:
    targets: [{ url: "http://127.0.0.1:9001" }]
routes:
  - name: all
    match: { path: /* }
    upstream: shop
`;
