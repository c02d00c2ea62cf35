import swagger from '@fastify/swagger';
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import fastify from 'fastify';
import { GatewayError } from '../errors/gateway-error.ts';
import { redactQuery } from '../lib/redact-query.ts';
import { isRequestId, newRequestId } from '../lib/request-id.ts';
import { isForOperator } from '../server/answer-error.ts';
import { Admission, authorize, isChange } from './admission.ts';
import { InnerCalls } from './agent/inner-calls.ts';
import { adminError, sendAdminError } from './answer.ts';
import type { AuditEntry } from './audit.ts';
import { FailedLogins } from './failed-logins.ts';
import { lazyCompilers } from './lazy-compilers.ts';
import { describeApi } from './openapi.ts';
import { type Operator, Operators } from './operators.ts';
import type { AdminPorts } from './ports.ts';
import { RESOURCES } from './routes/index.ts';

/** A whole configuration (5 MB) as text inside JSON. */
const BODY_LIMIT = 12 * 1024 ** 2;

/** The admin listener: what operators and their tools ask, never on the public one. */
export function buildAdmin(outer: Omit<AdminPorts, 'inner'>): FastifyInstance {
  const inner = new InnerCalls();
  const ports: AdminPorts = { ...outer, inner };
  const app = fastify({
    logger: false,
    forceCloseConnections: true,
    bodyLimit: BODY_LIMIT,
    // A target's URL is a parameter.
    routerOptions: { maxParamLength: 4096 },
    genReqId: ({ headers }) => {
      const given = headers['x-request-id'];
      return isRequestId(given) ? given : newRequestId();
    },
    // A misspelt key is said, not dropped.
    ajv: { customOptions: { removeAdditional: false, allErrors: true } },
    schemaController: { compilersFactory: lazyCompilers },
    frameworkErrors: (error, request, reply) => sendAdminError(adminError(error), request, reply),
  }).withTypeProvider<TypeBoxTypeProvider>();
  // A form of another site can send text/plain without asking the browser.
  app.removeContentTypeParser('text/plain');
  const operators = new Operators(() => ports.served.loaded.config.admin);
  const admission = new Admission(operators);

  const failed = new FailedLogins();
  app.decorateRequest('operator', null);
  app.decorateRequest('isStillKnown', function (this: FastifyRequest) {
    return this.operator !== null && operators.mayRead(this.operator);
  });
  app.decorateRequest('outcome', 'ok');
  app.decorateRequest('audited', null as never);
  app.addHook('onRequest', async (request, reply) => {
    reply.headers({
      'x-request-id': request.id,
      'cache-control': 'no-store',
      'x-content-type-options': 'nosniff',
    });
    request.audited = {};
    if (request.routeOptions.config.isOpen) return;
    request.operator = inner.take(request) ?? admission.identify(request);
    authorize(request, request.operator);
  });
  // Before the answer goes out: who is told that a change was made can read it in the audit log.
  app.addHook('onSend', async (request, reply) => {
    const by = request.operator === null && failed.isOne(request.outcome) ? UNKNOWN : request.operator?.name;
    const leavesEntry = isChange(request) && !request.routeOptions.config.isConversation;
    if (by === undefined || (by !== UNKNOWN && !leavesEntry)) return;
    await ports.audit.record(auditOf(request, by, reply.statusCode));
  });
  app.setErrorHandler((error, request, reply) => {
    const known = adminError(error);
    if (isForOperator(known))
      ports.log.error(
        { err: known.cause, request_id: request.id, path: pathOf(request.url) },
        'admin request failed',
      );
    request.outcome = known.code;
    sendAdminError(known, request, reply);
  });
  app.setNotFoundHandler(() => {
    throw new GatewayError('resource_unknown');
  });
  app.register(swagger, describeApi(ports.version));
  app.register(async (scope) => {
    for (const register of RESOURCES) register(scope.withTypeProvider<TypeBoxTypeProvider>(), ports);
  });
  return app;
}

/** Who sent a wrong token. No token has this name. */
const UNKNOWN = '(unknown)';

/** Without the values of its query, which may name a person: the one whose conversations are erased. */
function pathOf(url: string): string {
  const [path = ''] = url.split('?', 1);
  return path + redactQuery(url.slice(path.length));
}

function auditOf(request: FastifyRequest, by: string, status: number): Omit<AuditEntry, 'id' | 'at'> {
  const { method, url, id, socket, outcome, audited } = request;
  return {
    by,
    from: socket.remoteAddress ?? '',
    action: request.routeOptions.schema?.operationId ?? 'unknown',
    method,
    path: pathOf(url).slice(0, 512),
    status,
    outcome,
    details: audited,
    requestId: id,
  };
}

declare module 'fastify' {
  interface FastifyRequest {
    /** Of the admin API: who asks; null where nobody needs to say. */
    operator: Operator | null;
    /** Of the admin API: whether who asked may still read, for answers that go on after a reload. */
    isStillKnown(): boolean;
    /** Of the admin API: `ok`, or a code of the error table. */
    outcome: string;
    /** Of the admin API: what the audit log says about the change, filled by its route. No secret. */
    audited: AuditEntry['details'];
  }
}
