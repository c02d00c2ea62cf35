import { Type } from 'typebox';
import type { PolicyEntry } from '../config/schema/routes.ts';
import type { Exchange } from '../contracts/exchange.ts';
import type { HeaderBag, Policy, PolicyDescriptor, Verdict } from '../contracts/policy.ts';
import { GatewayError } from '../errors/gateway-error.ts';
import { allOrNone } from './all-or-none.ts';

/** One of the ways, made for a route. */
interface Way {
  readonly name: string;
  readonly policy: Policy;
}

interface Refusal {
  readonly name: string;
  readonly error: Error;
}

/**
 * The policy that lets in whom one of several ways to authenticate lets in: `auth-any: [{ auth-api-key: {} },
 * { auth-jwt: … }]`. It stands here and not in plugins/ because it is made of other policies, all those that identify.
 */
export function authAny(
  descriptors: ReadonlyMap<string, PolicyDescriptor<unknown>>,
): PolicyDescriptor<readonly PolicyEntry[]> {
  const ways = new Map([...descriptors].filter(([, { slot }]) => slot === 'identify'));
  const entries = (settings: readonly PolicyEntry[]) =>
    settings.flatMap((entry) =>
      Object.entries(entry).flatMap(([name, own]) => {
        const descriptor = ways.get(name);
        return descriptor ? [{ name, own, descriptor }] : [];
      }),
    );
  return {
    name: 'auth-any',
    slot: 'identify',
    schema: Type.Unsafe<readonly PolicyEntry[]>({
      type: 'array',
      minItems: 2,
      items: {
        type: 'object',
        additionalProperties: false,
        minProperties: 1,
        maxProperties: 1,
        properties: Object.fromEntries([...ways].map(([name, { schema }]) => [name, schema])),
        description: 'One way to authenticate: the name of its policy, and its settings.',
      },
      description:
        'Lets in whom one of these ways lets in, asked in this order. Who passes none is refused with the challenges of all; the log says what each said. What the others would have looked at is not forwarded: nobody has verified it.',
    }),
    check(settings, ports) {
      for (const { name, own, descriptor } of entries(settings)) {
        const problem = descriptor.check?.(own, ports);
        if (problem !== undefined) return `${name}: ${problem}`;
      }
      return undefined;
    },
    async create(settings, ports) {
      const all = entries(settings);
      const made = await allOrNone(all, ({ own, descriptor }) => descriptor.create(own, ports));
      return anyOf(all.map(({ name }, i): Way => ({ name, policy: made[i] as Policy })));
    },
  };
}

function anyOf(ways: readonly Way[]): Policy {
  // Credentials that belong to one way are no business of the upstream because another has let in.
  const stripping = ways.filter(({ policy }) => policy.onUpstreamHeaders ?? policy.credentialIn);
  /** Who was let in by what may go on. */
  const forwarding = new WeakMap<Exchange, Policy>();
  const letIn = (exchange: Exchange, policy: Policy): undefined => {
    if (policy.credentialIn && !policy.onUpstreamHeaders) forwarding.set(exchange, policy);
  };
  const onRequest: NonNullable<Policy['onRequest']> = (exchange, request, reply) => {
    const refusals: Refusal[] = [];
    const ask = (from: number): Verdict | Promise<Verdict> => {
      for (let i = from; i < ways.length; i++) {
        const { name, policy } = ways[i] as Way;
        const verdict = policy.onRequest?.(exchange, request, reply);
        if (verdict instanceof Promise) {
          return verdict.then((error) => {
            if (error === undefined) return letIn(exchange, policy);
            refusals.push({ name, error });
            return ask(i + 1);
          });
        }
        if (verdict === undefined) return letIn(exchange, policy);
        refusals.push({ name, error: verdict });
      }
      return refusalOf(refusals);
    };
    return ask(0);
  };
  return {
    onRequest,
    ...(stripping.length === 0
      ? {}
      : {
          onUpstreamHeaders(headers: HeaderBag, exchange: Exchange) {
            const verified = forwarding.get(exchange)?.credentialIn?.(exchange.headers);
            for (const { policy } of stripping) {
              policy.onUpstreamHeaders?.(headers, exchange);
              const held = policy.credentialIn?.(headers);
              if (held !== undefined && held !== verified) delete headers[held];
            }
          },
        }),
    async dispose() {
      for (const { policy } of ways) await policy.dispose?.();
    },
  };
}

/** How much a refusal has to say: a way that could not decide, what was shown and is wrong, and that nothing was shown. */
function weight(error: Error): number {
  if (!(error instanceof GatewayError) || error.statusCode !== 401) return 2;
  return error.code.endsWith('_missing') ? 0 : 1;
}

function refusalOf(refusals: readonly Refusal[]): Error {
  const [telling] = refusals.toSorted((a, b) => weight(b.error) - weight(a.error));
  const cause = refusals.map(({ name, error }) => `${name}: ${saidBy(error)}`).join('; ');
  if (!(telling?.error instanceof GatewayError))
    return telling?.error ?? new GatewayError('auth_required', { cause });
  const { code, statusCode } = telling.error;
  if (statusCode !== 401) return new GatewayError(code, { cause });
  const challenges = refusals.flatMap(({ error }) =>
    error instanceof GatewayError ? (error.headers['www-authenticate'] ?? []) : [],
  );
  return new GatewayError(weight(telling.error) === 0 ? 'auth_required' : code, {
    cause,
    headers: { 'www-authenticate': [...new Set(challenges)].join(', ') },
  });
}

function saidBy(error: Error): string {
  if (!(error instanceof GatewayError)) return error.name;
  const { cause } = error;
  const why = cause instanceof Error ? cause.message : typeof cause === 'string' ? cause : '';
  return why === '' ? error.code : `${error.code} (${why})`;
}
