import { type Static, Type } from 'typebox';
import type { HeaderBag, PolicyDescriptor } from '../../src/contracts/policy.ts';

const NAME = "^[A-Za-z0-9!#$%&'*+.^_`|~-]+$";
/** Visible characters, spaces and tabs: nothing that could end the header. */
const VALUE = '^[\\t\\x20-\\x7e\\x80-\\xff]*$';

const Side = Type.Object(
  {
    set: Type.Record(Type.String({ pattern: NAME }), Type.String({ pattern: VALUE }), {
      default: {},
      additionalProperties: false,
      description: 'Headers to set; one that is there is replaced.',
    }),
    remove: Type.Array(Type.String({ pattern: NAME }), { default: [], description: 'Headers to take out.' }),
  },
  { additionalProperties: false, default: {} },
);
const Settings = Type.Object(
  { request: Side, response: Side },
  {
    additionalProperties: false,
    description: 'Sets and removes headers on the way to the upstream and back.',
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
function forbidden(side: Static<typeof Side>): string | undefined {
  return [...side.remove, ...Object.keys(side.set)].find((name) => FRAMING.includes(name.toLowerCase()));
}

function changes(side: Static<typeof Side>): ((headers: HeaderBag) => void) | undefined {
  const set = Object.entries(side.set).map(([name, value]) => [name.toLowerCase(), value] as const);
  const remove = side.remove.map((name) => name.toLowerCase());
  if (set.length === 0 && remove.length === 0) return undefined;
  return (headers) => {
    for (const name of remove) delete headers[name];
    for (const [name, value] of set) headers[name] = value;
  };
}

const headers: PolicyDescriptor<Settings> = {
  name: 'headers',
  slot: 'transform',
  schema: Settings,
  check({ request, response }) {
    const name = forbidden(request) ?? forbidden(response);
    return name && `${name} belongs to the connection and can't be changed`;
  },
  create(settings) {
    const request = changes(settings.request);
    const response = changes(settings.response);
    return {
      ...(request ? { onUpstreamHeaders: request } : {}),
      ...(response ? { onResponseHeaders: response } : {}),
    };
  },
};

export default headers;
