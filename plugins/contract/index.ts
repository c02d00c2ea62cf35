import { type Static, Type } from 'typebox';
import type { ContractBreach, Exchange } from '../../src/contracts/exchange.ts';
import type { PolicyDescriptor } from '../../src/contracts/policy.ts';
import { mediaType, queryNames } from './message-facts.ts';

const STATUS = '^([1-5][0-9][0-9]|[1-5]XX|default)$';

const Settings = Type.Object(
  {
    query: Type.Optional(
      Type.Array(Type.String({ minLength: 1 }), {
        description: 'Names of the query parameters that there are. Left out: any.',
      }),
    ),
    responses: Type.Optional(
      Type.Record(Type.String({ pattern: STATUS }), Type.Array(Type.String()), {
        minProperties: 1,
        additionalProperties: false,
        description:
          'Statuses that there are (404, 4XX or default), each with the content types that its answers may have; [] is any.',
      }),
    ),
  },
  {
    additionalProperties: false,
    description:
      'Records what the contract of a route does not name: query parameters, statuses, content types, and methods of its path. Nothing is refused.',
  },
);
type Settings = Static<typeof Settings>;

/** More of one request tell nothing more. */
const MOST_NAMES = 5;

const contract: PolicyDescriptor<Settings> = {
  name: 'contract',
  slot: 'inspect',
  on: 'routes',
  schema: Settings,
  create({ query, responses }) {
    const named = query && new Set(query);
    const types =
      responses && new Map(Object.entries(responses).map(([status, each]) => [status, typesOf(each)]));
    return {
      ...(named && {
        onRequest(exchange) {
          if (exchange.query === '') return undefined;
          const unknown = queryNames(exchange.query).filter((name) => !named.has(name));
          for (const name of new Set(unknown.slice(0, MOST_NAMES)))
            record(exchange, { direction: 'request', what: 'query', at: `query ${shown(name)}` });
          return undefined;
        },
      }),
      ...(types && {
        async aroundCall(call, exchange, next) {
          const answer = await next(call);
          const { status } = answer;
          const allowed =
            types.get(String(status)) ?? types.get(`${Math.floor(status / 100)}XX`) ?? types.get('default');
          if (allowed === undefined) {
            record(exchange, { direction: 'response', what: 'status', at: `status ${status}` });
            return answer;
          }
          const type = mediaType(answer.headers['content-type']);
          if (type !== '' && allowed.size > 0 && !isAmong(type, allowed))
            record(exchange, {
              direction: 'response',
              what: 'content_type',
              at: `content-type ${shown(type)}`,
            });
          return answer;
        },
      }),
    };
  },
};

const typesOf = (types: readonly string[]): ReadonlySet<string> =>
  new Set(types.map((type) => mediaType(type)));

const isAmong = (type: string, allowed: ReadonlySet<string>): boolean =>
  allowed.has(type) || allowed.has(`${type.slice(0, type.indexOf('/'))}/*`) || allowed.has('*/*');

/** A name that somebody else chose, for the log. */
const shown = (name: string): string => (name.length > 64 ? `${name.slice(0, 64)}…` : name);

function record(exchange: Exchange, breach: ContractBreach): void {
  exchange.breaches ??= [];
  exchange.breaches.push(breach);
}

export default contract;
