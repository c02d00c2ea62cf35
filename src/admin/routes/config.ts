import { Type } from 'typebox';
import { maskSecrets } from '../../config/mask.ts';
import { answers } from '../openapi.ts';
import type { AdminApp, AdminPorts } from '../ports.ts';

const Config = Type.Object({
  revision: Type.Integer(),
  hash: Type.String({ description: 'SHA-256 of the text.' }),
  etag: Type.String({ description: 'What a change of it says in If-Match; as in the header.' }),
  text: Type.String({ description: 'As it is written, its `${…}` unresolved, secrets masked.' }),
  config: Type.Record(Type.String(), Type.Unknown(), {
    description: 'As it is in effect: defaults filled in, durations in milliseconds, secrets masked.',
  }),
  inactive: Type.Array(
    Type.Object({
      key: Type.String(),
      line: Type.Integer(),
      what: Type.String(),
      effect: Type.String(),
    }),
    { description: 'What it asks for and this version does not do.' },
  ),
  needsRestart: Type.Array(Type.String(), {
    description:
      'Keys that differ from what the process was started with: they count from its next start on only.',
  }),
});

/** The configuration that serves, and to have it built anew. */
export function configRoutes(
  app: AdminApp,
  { served, desk, configSchema }: Pick<AdminPorts, 'served' | 'desk' | 'configSchema'>,
): void {
  // 200 kB and the same for as long as the process lives: made when it is asked for, and once.
  let schema: string | undefined;
  app.get(
    '/api/config/schema',
    {
      schema: {
        operationId: 'getConfigSchema',
        tags: ['config'],
        summary: 'JSON Schema of the configuration as it is written, policies included',
        produces: ['application/schema+json'],
      },
    },
    async (_request, reply) => {
      schema ??= configSchema();
      return reply.type('application/schema+json').send(schema);
    },
  );
  app.get(
    '/api/config',
    {
      schema: {
        operationId: 'getConfig',
        tags: ['config'],
        summary:
          'The configuration that serves, without its secrets; the ETag goes into If-Match of a change',
        response: answers(Config),
      },
    },
    async (_request, reply) => {
      const { loaded, revision, etag, needsRestart } = served;
      reply.header('etag', etag);
      const { hash, text, config, inactive } = loaded;
      return {
        revision,
        hash,
        etag,
        text: await desk.masked(text),
        config: maskSecrets(config),
        inactive,
        needsRestart,
      };
    },
  );
  app.post(
    '/api/config/renew',
    {
      schema: {
        operationId: 'renewConfig',
        tags: ['config'],
        summary: 'Builds what serves anew and puts it into service, as a reload does: nothing else differs',
        response: answers(Type.Object({ revision: Type.Integer() })),
      },
    },
    async ({ audited }) => {
      await served.renew();
      const { revision } = served;
      Object.assign(audited, { revision });
      return { revision };
    },
  );
}
