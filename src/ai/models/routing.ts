import type { IncomingHttpHeaders } from 'node:http';
import type { ModelConfig } from '../../config/schema/index.ts';

/** A call, as far as conditions go by it. */
export interface RoutedCall {
  readonly headers: IncomingHttpHeaders;
  /** The consumer's. */
  readonly groups: readonly string[];
  readonly hasTools: boolean;
  /** Of the input, estimated. This and the next are looked for only where somebody wants to know. */
  tokens(): number;
  hasImage(): boolean;
}

/** The name of the model that a call goes to instead; undefined: none of the conditions holds. */
export type Routing = (call: RoutedCall) => string | undefined;

type Condition = (call: RoutedCall) => boolean;
type When = ModelConfig['routes'][number]['when'];

/** @param regionHeader names the header that says where a client is */
export function routingOf(routes: ModelConfig['routes'], regionHeader: string): Routing {
  const compiled = routes.map(({ when, model }) => ({ conditions: conditionsOf(when, regionHeader), model }));
  return (call) => compiled.find(({ conditions }) => conditions.every((holds) => holds(call)))?.model;
}

/** All must hold; what costs most to find out comes last. */
function conditionsOf(
  { tokens, header, group, tools, image, region }: When,
  regionHeader: string,
): Condition[] {
  const conditions: Condition[] = Object.entries(header ?? {}).map(([name, value]) => hasHeader(name, value));
  if (region !== undefined) conditions.push(hasHeader(regionHeader, region));
  if (group !== undefined) conditions.push(({ groups }) => groups.includes(group));
  if (tools !== undefined) conditions.push(({ hasTools }) => hasTools === tools);
  if (tokens !== undefined) conditions.push(comparison(tokens));
  if (image !== undefined) conditions.push((call) => call.hasImage() === image);
  return conditions;
}

const hasHeader =
  (name: string, value: string): Condition =>
  ({ headers }) =>
    headers[name.toLowerCase()] === value;

/** `>8000`, `<=500` */
function comparison(text: string): Condition {
  const [, sign, digits] = /^([<>]=?)(\d+)$/.exec(text) ?? [];
  const limit = Number(digits);
  switch (sign) {
    case '>':
      return (call) => call.tokens() > limit;
    case '>=':
      return (call) => call.tokens() >= limit;
    case '<':
      return (call) => call.tokens() < limit;
    default:
      return (call) => call.tokens() <= limit;
  }
}
