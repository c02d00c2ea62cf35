import { existsSync } from 'node:fs';
import { join } from 'node:path';
import fastifyStatic from '@fastify/static';
import type { FastifyInstance } from 'fastify';

const BUILT = join(import.meta.dirname, 'built');

/** Scripts, styles and answers come from the admin listener itself and nowhere else; nothing inline runs. */
const HEADERS = {
  'content-security-policy': [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self'",
    "font-src 'self'",
    "connect-src 'self'",
    "manifest-src 'self'",
    "form-action 'none'",
    "frame-ancestors 'none'",
    "base-uri 'none'",
    "require-trusted-types-for 'script'",
  ].join('; '),
  'referrer-policy': 'no-referrer',
  'x-frame-options': 'DENY',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'permissions-policy': 'camera=(), geolocation=(), microphone=()',
} as const;

const NOT_BUILT =
  'The console has not been built. Run `npm run console` in the gateway’s folder and load this page again.\n';

/** Serves the console's files. They hold no secret, so they need no token; what they show is asked for with one. */
export function serveConsole(app: FastifyInstance, folder: string = BUILT): void {
  const config = { isOpen: true };
  app.register(async (scope) => {
    scope.addHook('onSend', async (_request, reply) => {
      reply.headers(HEADERS);
    });
    if (!existsSync(join(folder, 'index.html'))) {
      scope.get('/', { config, schema: { hide: true } }, async (_request, reply) =>
        reply.code(503).type('text/plain; charset=utf-8').send(NOT_BUILT),
      );
      return;
    }
    await scope.register(fastifyStatic, { root: folder, serve: false });
    scope.get('/', { config, schema: { hide: true } }, async (_request, reply) =>
      reply.header('cache-control', 'no-cache').sendFile('index.html', { cacheControl: false }),
    );
    // Names hold a hash of what is in the file.
    scope.get('/assets/*', { config, schema: { hide: true } }, async (request, reply) =>
      reply
        .header('cache-control', 'public, max-age=31536000, immutable')
        .sendFile(`assets/${(request.params as { '*': string })['*']}`, { cacheControl: false }),
    );
  });
}
