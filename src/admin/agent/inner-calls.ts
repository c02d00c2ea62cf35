import { randomBytes } from 'node:crypto';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { Operator } from '../operators.ts';

const HEADER = 'x-inner-call';

export interface InnerAnswer {
  readonly status: number;
  readonly etag: string;
  readonly body: unknown;
}

/**
 * Requests that the admin API sends to itself for somebody who is known already: with their rights, and in the audit log
 * under their name. Each is known by a number that is good for it alone.
 */
export class InnerCalls {
  readonly #open = new Map<string, Operator>();

  /** For whom a request is, if it is an inner one. */
  take({ headers }: FastifyRequest): Operator | undefined {
    const ticket = headers[HEADER];
    if (typeof ticket !== 'string') return undefined;
    const operator = this.#open.get(ticket);
    this.#open.delete(ticket);
    return operator;
  }

  /** @param from address of whoever asked, for the audit log */
  async send(
    app: FastifyInstance,
    { operator, from }: { operator: Operator; from: string },
    asked: { method: 'GET' | 'POST'; url: string; ifMatch?: string; body?: object },
  ): Promise<InnerAnswer> {
    const ticket = randomBytes(32).toString('base64url');
    this.#open.set(ticket, operator);
    try {
      const { statusCode, headers, payload } = await app.inject({
        method: asked.method,
        url: asked.url,
        remoteAddress: from,
        headers: {
          [HEADER]: ticket,
          ...(asked.ifMatch !== undefined && { 'if-match': asked.ifMatch }),
          ...(asked.body && { 'content-type': 'application/json' }),
        },
        ...(asked.body && { payload: JSON.stringify(asked.body) }),
      });
      const isJson = String(headers['content-type']).includes('json');
      return {
        status: statusCode,
        etag: String(headers.etag ?? ''),
        body: isJson ? JSON.parse(payload) : payload,
      };
    } finally {
      this.#open.delete(ticket);
    }
  }
}
