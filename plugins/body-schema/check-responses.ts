import type { Exchange } from '../../src/contracts/exchange.ts';
import type { JsonBody, PolicyPorts, SchemaCheck, UpstreamResponse } from '../../src/contracts/policy.ts';
import { GatewayError } from '../../src/errors/gateway-error.ts';
import { recordBreach } from './breach.ts';
import type { ChecksByStatus } from './schemas-by-status.ts';
import { watchBody } from './watch-body.ts';

export interface ResponseChecks {
  byStatus: ChecksByStatus;
  mode: 'enforce' | 'report';
  /** Bytes. */
  limit: number;
  /** Whether a body that says it is no JSON passes unchecked. */
  passes: boolean;
}

type CheckResponse = (answer: UpstreamResponse, exchange: Exchange) => Promise<UpstreamResponse>;

const hasNoBody = (method: string, status: number): boolean =>
  method === 'HEAD' || status === 101 || status === 204 || status === 205 || status === 304;

/** Checks answers; what goes on is the bytes that came. Enforced, an answer waits until it has come whole. */
export function checkResponses(
  checks: ResponseChecks,
  { readJson }: Pick<PolicyPorts, 'readJson'>,
): CheckResponse {
  const { byStatus, mode, limit, passes } = checks;
  const handle = mode === 'enforce' ? enforce : report;

  return async (answer, exchange) => {
    const check = hasNoBody(exchange.method, answer.status) ? undefined : byStatus(answer.status);
    return check === undefined ? answer : handle(check, answer, exchange);
  };

  function breachOf(check: SchemaCheck, read: JsonBody): string | undefined {
    if (read.unread === undefined) return check(read.value);
    return read.unread === 'not_json' && passes ? undefined : `/ is ${read.unread}`;
  }

  async function enforce(
    check: SchemaCheck,
    answer: UpstreamResponse,
    exchange: Exchange,
  ): Promise<UpstreamResponse> {
    const read = await readJson(answer.headers, answer.body, limit);
    const breach = breachOf(check, read);
    if (breach === undefined) return { ...answer, body: read.body };
    if (read.body !== null && !Buffer.isBuffer(read.body)) read.body.destroy();
    recordBreach(exchange, 'response', breach);
    throw new GatewayError('schema_response', { cause: breach });
  }

  async function report(
    check: SchemaCheck,
    answer: UpstreamResponse,
    exchange: Exchange,
  ): Promise<UpstreamResponse> {
    // Of what a client has asked for in parts nothing can be said.
    if (answer.status === 206) return answer;
    const { headers, body } = answer;
    const look = async (copy: Buffer | null): Promise<void> => {
      const read = await readJson(headers, copy, limit);
      const breach = read.unread === 'too_large' ? undefined : breachOf(check, read);
      if (breach !== undefined) recordBreach(exchange, 'response', breach);
    };
    if (body === null || Buffer.isBuffer(body)) {
      await look(body);
      return answer;
    }
    // An event stream or a download is seen by its type alone: nothing of it is copied.
    const { unread } = await readJson(headers, NOTHING, limit);
    if (unread === 'empty') {
      const watched = watchBody(body, limit, look);
      const of = answer.sameBytes?.body === body ? answer.sameBytes.of : body;
      return { ...answer, body: watched, sameBytes: { body: watched, of } };
    }
    if (unread !== 'not_json' || !passes) recordBreach(exchange, 'response', `/ is ${unread}`);
    return answer;
  }
}

const NOTHING = Buffer.alloc(0);
