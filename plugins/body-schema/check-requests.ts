import type { Exchange } from '../../src/contracts/exchange.ts';
import type {
  JsonBody,
  PolicyPorts,
  SchemaCheck,
  Unread,
  UpstreamRequest,
} from '../../src/contracts/policy.ts';
import { GatewayError } from '../../src/errors/gateway-error.ts';
import type { ErrorCode } from '../../src/errors/table.ts';
import { recordBreach } from './breach.ts';
import { watchBody } from './watch-body.ts';

export interface RequestChecks {
  check: SchemaCheck;
  mode: 'enforce' | 'report';
  /** Bytes. */
  limit: number;
  /** Whether a method that brings a body must bring one. */
  required: boolean;
  /** Whether a body that says it is no JSON passes unchecked. */
  passes: boolean;
}

const BRINGS_BODY = new Set(['POST', 'PUT', 'PATCH']);
const NO_BODY = '/ must have a body';

/** What a body that can't be checked is refused with. */
const REFUSED: Readonly<Record<Exclude<Unread, 'empty'>, ErrorCode>> = {
  not_json: 'media_type_unsupported',
  encoding_unknown: 'media_type_unsupported',
  too_large: 'body_too_large',
  too_deep: 'body_malformed',
  malformed: 'body_malformed',
};

type CheckRequest = (call: UpstreamRequest, exchange: Exchange) => Promise<UpstreamRequest>;

/** Checks requests; what goes on is the bytes that came. */
export function checkRequests(
  checks: RequestChecks,
  { readJson }: Pick<PolicyPorts, 'readJson'>,
): CheckRequest {
  const { check, mode, limit, required, passes } = checks;
  const needsBody = ({ method }: UpstreamRequest): boolean => required && BRINGS_BODY.has(method);

  function breachOf(read: JsonBody, call: UpstreamRequest): string | undefined {
    if (read.unread === undefined) return check(read.value);
    if (read.unread === 'empty') return needsBody(call) ? NO_BODY : undefined;
    if (read.unread === 'not_json' && passes) return undefined;
    return read.unread === 'too_large' ? undefined : `/ is ${read.unread}`;
  }

  const enforce: CheckRequest = async (call, exchange) => {
    const read = await readJson(call.headers, call.body, limit);
    if (read.unread === 'not_json' && passes) return { ...call, body: read.body };
    if (read.unread !== undefined && read.unread !== 'empty')
      throw new GatewayError(REFUSED[read.unread], { cause: `body-schema: ${read.unread}` });
    const breach = breachOf(read, call);
    if (breach === undefined) return { ...call, body: read.body };
    recordBreach(exchange, 'request', breach);
    throw new GatewayError('schema_request', { detail: `At ${breach}.`, cause: breach });
  };

  const report: CheckRequest = async (call, exchange) => {
    const { headers, body } = call;
    const look = async (copy: Buffer | null): Promise<void> => {
      const breach = breachOf(await readJson(headers, copy, limit), call);
      if (breach !== undefined) recordBreach(exchange, 'request', breach);
    };
    if (body !== null && !Buffer.isBuffer(body)) return { ...call, body: watchBody(body, limit, look) };
    await look(body);
    return call;
  };

  return mode === 'enforce' ? enforce : report;
}
