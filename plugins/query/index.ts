import { type Static, Type } from 'typebox';
import type { PolicyDescriptor } from '../../src/contracts/policy.ts';
import { changeQuery } from './change-query.ts';

const Name = Type.String({ minLength: 1, maxLength: 256 });
const Values = (description: string) =>
  Type.Record(Type.String(), Type.String({ 'x-template': true }), { default: {}, description });

const Settings = Type.Object(
  {
    remove: Type.Array(Name, { default: [], description: 'Parameters to take out.' }),
    rename: Type.Record(Type.String(), Name, {
      default: {},
      description: 'Parameters that get another name; others of that name are taken out.',
    }),
    set: Values(
      'Parameters to set; those that are there are replaced. Values may hold {{consumer}}, {{path.NAME}} and the like.',
    ),
    add: Values('Parameters to add to those that are there. As with set.'),
  },
  {
    additionalProperties: false,
    description:
      'Changes the query on its way to the upstream: removes, renames, sets and adds parameters, in this order.',
  },
);
type Settings = Static<typeof Settings>;

const query: PolicyDescriptor<Settings> = {
  name: 'query',
  slot: 'transform',
  on: 'routes',
  schema: Settings,
  create(settings, { template }) {
    const filled = (entries: Readonly<Record<string, string>>) =>
      Object.entries(entries).map(([name, value]) => [name, template(value)] as const);
    const set = filled(settings.set);
    const add = filled(settings.add);
    const remove = new Set(settings.remove);
    const rename = new Map(Object.entries(settings.rename));
    if (remove.size + rename.size + set.length + add.length === 0) return {};
    return {
      aroundCall(call, exchange, next) {
        const values = (entries: typeof set) =>
          entries.map(([name, value]) => [name, value(exchange)] as const);
        const path = changeQuery(call.path, { remove, rename, set: values(set), add: values(add) });
        return next(path === call.path ? call : { ...call, path });
      },
    };
  },
};

export default query;
