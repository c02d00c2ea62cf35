import { Ajv } from 'ajv';
import addFormats from 'ajv-formats';
import fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import { afterEach, describe, expect, it } from 'vitest';
import type { Exchange } from '../../src/contracts/exchange.ts';
import {
  type HeaderBag,
  type Policy,
  type PolicyDescriptor,
  type PolicyPorts,
  SLOTS,
} from '../../src/contracts/policy.ts';
import { type Counters, StoreUnavailable } from '../../src/contracts/store.ts';
import { GatewayError } from '../../src/errors/gateway-error.ts';
import { ERRORS } from '../../src/errors/table.ts';
import { exactJson } from '../../src/lib/exact-json.ts';
import { readJsonBody } from '../../src/lib/json-body.ts';
import { compileSchema } from '../../src/lib/json-schema/compile.ts';
import { isOddPath, lenientPath } from '../../src/lib/lenient-path.ts';
import { askedMethods } from '../../src/lib/method-override.ts';
import { PERSONAL_DATA } from '../../src/lib/personal-data/index.ts';
import { compileTemplate } from '../../src/lib/template.ts';
import { MemoryAnswers } from '../../src/stores/answers/memory.ts';

export interface PolicyExamples {
  /** Settings as they stand in a file, each valid. */
  valid: object[];
  /** Settings that must be refused, by the schema or by `create`. */
  invalid: object[];
}

const MEMBERS = [
  'onPreflight',
  'onRequest',
  'onUpstreamHeaders',
  'credentialIn',
  'guardModel',
  'aroundCall',
  'onResponseHeaders',
  'dispose',
];
const FRAMING = [
  'connection',
  'content-length',
  'transfer-encoding',
  'upgrade',
  'te',
  'trailer',
  'keep-alive',
];
const SECRET = 'a-key-that-nobody-may-read';

function validator(descriptor: PolicyDescriptor<never>) {
  const ajv = new Ajv({
    useDefaults: true,
    allErrors: true,
    strict: true,
    keywords: ['x-unit', 'x-template', 'x-regex'],
  });
  addFormats.default(ajv, ['date-time', 'uri']);
  return ajv.compile(structuredClone(descriptor.schema as object));
}

interface UnitSchema {
  'x-unit'?: string;
  properties?: Record<string, UnitSchema>;
  items?: UnitSchema;
}

function inNumbers({ properties = {}, items }: UnitSchema, value: unknown): void {
  if (Array.isArray(value)) for (const each of value) inNumbers(items ?? {}, each);
  if (typeof value !== 'object' || value === null) return;
  const record = value as Record<string, unknown>;
  for (const [key, schema] of Object.entries(properties)) {
    if (schema['x-unit'] === 'duration' && key in record) record[key] = 60_000;
    else if (schema['x-unit'] === 'size' && key in record) record[key] = 1024 ** 2;
    else inNumbers(schema, record[key]);
  }
}

/** As the loader does it: defaults filled in, durations in milliseconds, sizes in bytes. */
function loaded(descriptor: PolicyDescriptor<never>, settings: object): unknown {
  const copy = structuredClone(settings) as Record<string, unknown>;
  const check = validator(descriptor);
  if (!check(copy)) throw new Error(JSON.stringify(check.errors));
  inNumbers(descriptor.schema as UnitSchema, copy);
  return copy;
}

const working: Counters = {
  add: () => ({ value: 1, resetMs: 1000 }),
  take: (_scope, limits) => limits.map(() => ({ remaining: 1, resetMs: 1000, waitMs: 0 })),
  reset: () => undefined,
};
const down: Counters = {
  add: () => Promise.reject(new StoreUnavailable('no store')),
  take: () => Promise.reject(new StoreUnavailable('no store')),
  reset: () => Promise.reject(new StoreUnavailable('no store')),
};

function ports(counters: PolicyPorts['counters'], degraded: string[] = []): PolicyPorts {
  return {
    route: 'tested',
    consumers: [
      {
        name: 'somebody',
        groups: [],
        keys: [{ id: 'k1', sha256: 'ab'.repeat(32) }],
        certificates: [{ subject: 'somebody' }],
      },
    ],
    clientCertificate: () => undefined,
    counters,
    template: (text) => compileTemplate(text, '/tested/{id}'),
    compileSchema,
    readJson: readJsonBody,
    exactJson,
    otherReading: (path) => (isOddPath(path) ? lenientPath(path) : undefined),
    askedMethods,
    personalData: PERSONAL_DATA,
    checked: () => undefined,
    fetch,
    now: Date.now,
    answers: () => new MemoryAnswers(1_000_000).ofRoute('tested'),
    degraded: (what) => void degraded.push(what),
  };
}

/** What every policy keeps to, shipped or somebody's own. */
export function policyConformance(descriptor: PolicyDescriptor<never>, examples: PolicyExamples): void {
  describe(`policy ${descriptor.name}`, () => {
    let apps: FastifyInstance[] = [];
    afterEach(async () => {
      await Promise.all(apps.map((app) => app.close()));
      apps = [];
    });

    async function create(settings: object, with_: PolicyPorts): Promise<Policy> {
      const filled = loaded(descriptor, settings) as never;
      const wrong = descriptor.check?.(filled, with_);
      if (wrong) throw new Error(wrong);
      return descriptor.create(filled, with_);
    }

    /** One request through the policy, as the gateway sends it. */
    async function ask(settings: object, with_: PolicyPorts, headers: Record<string, string>) {
      const app = fastify();
      apps.push(app);
      const seen: { verdict?: unknown; replied?: boolean; exchange?: Exchange } = {};
      await app.register(async (scope) => {
        const policy = await descriptor.create(loaded(descriptor, settings) as never, with_);
        scope.get('/', async (request: FastifyRequest, reply: FastifyReply) => {
          const exchange = {
            client: '127.0.0.1',
            consumer: '',
            consumerGroups: [],
            consumerClaims: {},
            route: 'tested',
          } as unknown as Exchange;
          request.exchange = exchange;
          seen.verdict = await policy.onRequest?.(exchange, request, reply);
          seen.replied = reply.sent;
          seen.exchange = exchange;
          return 'served';
        });
      });
      await app.inject({ url: '/', headers });
      return seen;
    }

    it('has a name, a slot and a closed schema that explains itself', () => {
      expect(descriptor.name).toMatch(/^[a-z][a-z0-9-]*$/);
      expect(SLOTS).toContain(descriptor.slot);
      const schema = descriptor.schema as { additionalProperties?: boolean; description?: string };
      expect(schema.additionalProperties).toBe(false);
      expect(schema.description).toBeTruthy();
    });

    it.each(examples.valid)('takes the settings %j', async (settings) => {
      const policy = await create(settings, ports(working));
      for (const [member, value] of Object.entries(policy)) {
        expect(MEMBERS).toContain(member);
        expect(typeof value).toBe('function');
      }
      await policy.dispose?.();
    });

    it.each(examples.invalid)('refuses the settings %j', async (settings) => {
      await expect(create(settings, ports(working))).rejects.toThrow();
    });

    it.each(
      examples.valid,
    )('says yes or names an error of the table, and never answers itself: %j', async (settings) => {
      for (const headers of [{}, { 'x-api-key': SECRET }, { authorization: `Bearer ${SECRET}` }] as Record<
        string,
        string
      >[]) {
        const { verdict, replied } = await ask(settings, ports(working), headers);
        expect(replied).toBe(false);
        if (verdict === undefined) continue;
        expect(verdict).toBeInstanceOf(GatewayError);
        const error = verdict as GatewayError;
        expect(Object.keys(ERRORS)).toContain(error.code);
        expect(
          JSON.stringify({ ...error, message: error.message, cause: String(error.cause) }),
        ).not.toContain(SECRET);
      }
    });

    it.each(
      examples.valid,
    )('survives a store that is down, and says so if it needed it: %j', async (settings) => {
      const degraded: string[] = [];
      const { verdict } = await ask(settings, ports(down, degraded), {});
      const healthy = await ask(settings, ports(working), {});
      const same =
        (verdict as GatewayError | undefined)?.code === (healthy.verdict as GatewayError | undefined)?.code;
      expect(same || degraded.length > 0).toBe(true);
    });

    it.each(examples.valid)('leaves alone what frames a message: %j', async (settings) => {
      const policy = await create(settings, ports(working));
      const framing = Object.fromEntries(FRAMING.map((name) => [name, 'as it was']));
      const exchange = { consumer: '', path: '/', query: '', headers: {} } as unknown as Exchange;
      for (const change of [policy.onUpstreamHeaders, policy.onResponseHeaders]) {
        const headers: HeaderBag = { ...framing };
        change?.call(policy, headers, exchange);
        expect(headers).toMatchObject(framing);
      }
    });
  });
}
