import { type Static, Type } from 'typebox';
import type { PolicyDescriptor } from '../../src/contracts/policy.ts';
import { compileChanges } from './changes.ts';
import { dropDisguises } from './disguises.ts';

const NAME = "^[A-Za-z0-9!#$%&'*+.^_`|~-]+$";
/** Visible characters, spaces and tabs: nothing that could end the header. */
const VALUE = '^[\\t\\x20-\\x7e\\x80-\\xff]*$';

const Name = Type.String({ pattern: NAME });
const Value = Type.String({ pattern: VALUE, 'x-template': true });

const Side = Type.Object(
  {
    remove: Type.Array(Name, { default: [], description: 'Headers to take out.' }),
    rename: Type.Record(Name, Name, {
      default: {},
      additionalProperties: false,
      description: 'Headers that get another name; one that had it is replaced.',
    }),
    set: Type.Record(Name, Value, {
      default: {},
      additionalProperties: false,
      description:
        'Headers to set; one that is there is replaced. Values may hold {{consumer}}, {{path.NAME}}, {{request.header.NAME}} and the like, decoded; but what is not visible ASCII, which a header can’t carry safely, is percent-encoded (UTF-8).',
    }),
    add: Type.Record(Name, Value, {
      default: {},
      additionalProperties: false,
      description: 'Values to add to those that a header has already. As with set.',
    }),
  },
  { additionalProperties: false, default: {} },
);
const Settings = Type.Object(
  { request: Side, response: Side },
  {
    additionalProperties: false,
    description:
      'Changes headers on the way to the upstream and back: removes, renames, sets and adds, in this order. On the way to the upstream, a header that is only spelt otherwise (`X_Tenant` for `X-Tenant`) than one that is removed, renamed or set is removed, too.',
  },
);
type Settings = Static<typeof Settings>;

/** They frame the message or belong to the connection; who changes them lets one message be read as two. */
const FRAMING = [
  'connection',
  'content-length',
  'expect',
  'http2-settings',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
];

/** The first header that may not be changed. */
function forbidden({ set, add, remove, rename }: Static<typeof Side>): string | undefined {
  const names = [
    ...remove,
    ...[set, add, rename].flatMap((each) => Object.keys(each)),
    ...Object.values(rename),
  ];
  return names.find((name) => FRAMING.includes(name.toLowerCase()));
}

const headers: PolicyDescriptor<Settings> = {
  name: 'headers',
  slot: 'transform',
  schema: Settings,
  check({ request, response }) {
    const name = forbidden(request) ?? forbidden(response);
    return name && `${name} belongs to the connection and can't be changed`;
  },
  create(settings, { template }) {
    const request = compileChanges(settings.request, template);
    const disguises = dropDisguises(settings.request);
    const response = compileChanges(settings.response, template);
    return {
      ...(request && {
        onUpstreamHeaders(headers, exchange) {
          disguises?.(headers);
          request(headers, exchange);
        },
      }),
      ...(response ? { onResponseHeaders: response } : {}),
    };
  },
};

export default headers;
