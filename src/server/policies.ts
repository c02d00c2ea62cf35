import type { FastifyReply, FastifyRequest } from 'fastify';
import type { PolicySchemas } from '../config/load.ts';
import type { PolicySchema } from '../config/schema/policy-schema.ts';
import type { ModelGuard } from '../contracts/guard.ts';
import {
  type HeaderBag,
  type NextCall,
  type Policy,
  type PolicyDescriptor,
  type PolicyPorts,
  type PolicyReply,
  type PolicyRequest,
  SLOTS,
  type UpstreamRequest,
  type UpstreamResponse,
  type Verdict,
} from '../contracts/policy.ts';
import type { LiveExchange } from '../record/exchange.ts';
import { allOrNone } from './all-or-none.ts';
import { authAny } from './auth-any.ts';

/** The policies that ship with the gateway: the folders of `plugins/`. Only these names are ever imported. */
const SHIPPED = [
  'auth-api-key',
  'auth-basic',
  'auth-jwt',
  'auth-mtls',
  'authorize',
  'body-schema',
  'contract',
  'cors',
  'deny-topics',
  'guard-webhook',
  'headers',
  'ip-allow',
  'json-schema',
  'lifecycle',
  'max-tokens',
  'prompt-guard',
  'query',
  'rate-limit',
  'redact',
  'response-cache',
  'transform-body',
] as const;

export type PolicyDescriptors = ReadonlyMap<string, PolicyDescriptor<unknown>>;

/** Those that hold nothing but what ships. */
const SHIPPED_ONLY = new WeakSet<PolicyDescriptors>();

/** Whether what policies are given may be less than Fastify's request and reply: others may count on all of it. */
export const takesPlainRequests = (descriptors: PolicyDescriptors): boolean => SHIPPED_ONLY.has(descriptors);

/**
 * @param own policies beside those that ship; one of the same name takes the other's place
 * @throws if a plugin's folder, name or slot disagree: a fault of the build
 */
export async function loadPolicies(
  own: readonly PolicyDescriptor<unknown>[] = [],
): Promise<PolicyDescriptors> {
  // `.ts` when run from source, `.js` when built.
  const extension = import.meta.url.slice(import.meta.url.lastIndexOf('.'));
  const descriptors = new Map<string, PolicyDescriptor<unknown>>();
  for (const name of SHIPPED) {
    const module = (await import(
      new URL(`../../plugins/${name}/index${extension}`, import.meta.url).href
    )) as {
      default: PolicyDescriptor<unknown>;
    };
    const descriptor = module.default;
    if (descriptor.name !== name || !SLOTS.includes(descriptor.slot)) {
      throw new Error(
        `plugins/${name}: its descriptor says name "${descriptor.name}", slot "${descriptor.slot}"`,
      );
    }
    descriptors.set(name, descriptor);
  }
  for (const descriptor of own) descriptors.set(descriptor.name, descriptor);
  if (own.length === 0) SHIPPED_ONLY.add(descriptors);
  const any = authAny(descriptors);
  return descriptors.set(any.name, any as PolicyDescriptor<unknown>);
}

/** What the loader of a config has to know of them. */
export function schemasOf(descriptors: PolicyDescriptors): PolicySchemas {
  return Object.fromEntries(
    [...descriptors].map(([name, { schema, slot, on, check }]) => [
      name,
      {
        schema,
        slot,
        ...(on ? { on } : {}),
        ...(check ? { check: check as PolicySchema['check'] } : {}),
      },
    ]),
  );
}

/** The policies of one route, in the order in which they run, fused into one hook. */
export class PolicyChain {
  readonly #onRequest: readonly Policy[];
  readonly #onUpstreamHeaders: readonly Policy[];
  readonly #onResponseHeaders: readonly Policy[];
  readonly #aroundCall: readonly Policy[];
  readonly #guards: readonly Policy[];
  readonly #all: readonly Policy[];
  readonly #preflight: Policy | undefined;

  constructor(policies: readonly Policy[]) {
    this.#all = policies;
    this.#preflight = this.#all.find((policy) => policy.onPreflight);
    this.#onRequest = this.#all.filter((policy) => policy.onRequest);
    this.#onUpstreamHeaders = this.#all.filter((policy) => policy.onUpstreamHeaders);
    this.#onResponseHeaders = this.#all.filter((policy) => policy.onResponseHeaders);
    this.#aroundCall = this.#all.filter((policy) => policy.aroundCall);
    this.#guards = this.#all.filter((policy) => policy.guardModel);
  }

  /** The headers that answer a preflight; undefined if none of the policies has to do with them. */
  preflight(request: FastifyRequest, methods?: readonly string[]): HeaderBag | undefined {
    return this.#preflight?.onPreflight?.(request, methods);
  }

  /** Runs the policies until one ends the request. A promise only where a policy gave one. */
  onRequest(
    exchange: LiveExchange,
    asked: PolicyRequest,
    answering: PolicyReply,
  ): Verdict | Promise<Verdict> {
    // Those that ship ask for no more; for others it is Fastify's (`takesPlainRequests`).
    const [request, reply] = [asked as FastifyRequest, answering as FastifyReply];
    for (let i = 0; i < this.#onRequest.length; i++) {
      const verdict = this.#onRequest[i]?.onRequest?.(exchange, request, reply);
      if (verdict === undefined) continue;
      if (verdict instanceof Error) return verdict;
      return this.#goOn(verdict, i + 1, exchange, request, reply);
    }
    return undefined;
  }

  async #goOn(
    pending: Promise<Verdict>,
    from: number,
    exchange: LiveExchange,
    request: FastifyRequest,
    reply: FastifyReply,
  ): Promise<Verdict> {
    let verdict = await pending;
    for (let i = from; i < this.#onRequest.length && verdict === undefined; i++) {
      verdict = await this.#onRequest[i]?.onRequest?.(exchange, request, reply);
    }
    return verdict;
  }

  upstreamHeaders(headers: HeaderBag, exchange: LiveExchange): void {
    for (const policy of this.#onUpstreamHeaders) policy.onUpstreamHeaders?.(headers, exchange);
  }

  responseHeaders(headers: HeaderBag, exchange: LiveExchange): void {
    for (const policy of this.#onResponseHeaders) policy.onResponseHeaders?.(headers, exchange);
  }

  get areGuards(): boolean {
    return this.#guards.length > 0;
  }

  openGuards(exchange: LiveExchange): ModelGuard[] {
    return this.#guards.flatMap((policy) => policy.guardModel?.(exchange) ?? []);
  }

  get areAroundCall(): boolean {
    return this.#aroundCall.length > 0;
  }

  /** Through those that stand around the call, the first of them outermost. */
  aroundCall(call: UpstreamRequest, exchange: LiveExchange, last: NextCall): Promise<UpstreamResponse> {
    const through =
      (at: number): NextCall =>
      (request) => {
        const policy = this.#aroundCall[at];
        return policy?.aroundCall ? policy.aroundCall(request, exchange, through(at + 1)) : last(request);
      };
    return through(0)(call);
  }

  async dispose(): Promise<void> {
    for (const policy of this.#all) await policy.dispose?.();
  }
}

/**
 * Makes the policies of a route from its list in the config.
 * @param entries `{ name: settings }` each, validated
 * @throws PolicyRefused if one can't be made; none is left behind
 */
export async function admitPolicies(
  entries: readonly Record<string, unknown>[],
  descriptors: PolicyDescriptors,
  ports: (policy: string) => PolicyPorts,
): Promise<PolicyChain> {
  const known = entries.flatMap((entry) =>
    Object.entries(entry).map(([name, settings]) => {
      const descriptor = descriptors.get(name);
      // Without it the route would be open to those whom it keeps out.
      if (!descriptor)
        throw new PolicyRefused(`route ${ports(name).route}, policy ${name}: this process does not have it`);
      return { descriptor, settings };
    }),
  );
  known.sort((a, b) => SLOTS.indexOf(a.descriptor.slot) - SLOTS.indexOf(b.descriptor.slot));
  const policies = await allOrNone(known, ({ descriptor, settings }) =>
    create(descriptor, settings, ports(descriptor.name)),
  );
  return new PolicyChain(policies);
}

/** A policy that can't be made, though its settings are valid in themselves. The revision is refused. */
export class PolicyRefused extends Error {
  override readonly name = 'PolicyRefused';
}

async function create(
  descriptor: PolicyDescriptor<unknown>,
  settings: unknown,
  ports: PolicyPorts,
): Promise<Policy> {
  try {
    return await descriptor.create(settings, ports);
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new PolicyRefused(`route ${ports.route}, policy ${descriptor.name}: ${why}`, { cause });
  }
}
