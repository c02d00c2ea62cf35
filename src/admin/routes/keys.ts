import type { FastifyRequest } from 'fastify';
import { Type } from 'typebox';
import {
  expiringKey,
  type KeyChange,
  keyState,
  newKey,
  rotatedKey,
  withKey,
  withoutKey,
} from '../../config/consumer-keys.ts';
import type { Revised } from '../../server/served-file.ts';
import { ifMatch } from '../if-match.ts';
import { answers } from '../openapi.ts';
import { PageOf } from '../paging.ts';
import type { AdminApp, AdminPorts } from '../ports.ts';

const Moment = Type.String({ format: 'date-time', examples: ['2026-12-31T00:00:00Z'] });
const KeyShown = Type.Object({
  consumer: Type.String(),
  id: Type.String(),
  state: Type.String({ description: 'active, active until, not before, or expired' }),
  notBefore: Type.Optional(Type.String()),
  expires: Type.Optional(Type.String()),
});
const Changed = {
  consumer: Type.String(),
  id: Type.String(),
  revision: Type.Integer({ description: 'The revision that has the change.' }),
  file: Type.Object(
    { isWritten: Type.Boolean(), reason: Type.String() },
    { description: 'Whether the config file has it too; if not, why.' },
  ),
};
const Shown = Type.Object({
  ...Changed,
  key: Type.String({ description: 'The key itself: shown this once, kept nowhere.' }),
  ended: Type.Optional(Type.Array(Type.String(), { description: 'Older keys that were given an end.' })),
});

const KeyNamed = Type.Object({ consumer: Type.String(), id: Type.String() });
const Headers = Type.Object({
  'if-match': Type.Optional(
    Type.String({ description: 'The ETag of the revision that the change is meant for; may be left out.' }),
  ),
});
const id = Type.Optional(Type.String({ description: 'The next of k1, k2, … if left out.' }));
const New = Type.Object(
  { consumer: Type.String(), id, expires: Type.Optional(Moment) },
  { additionalProperties: false },
);
const Rotation = Type.Object(
  {
    until: Type.String({ format: 'date-time', description: 'How long the older keys still let in.' }),
    old: Type.Optional(Type.String({ description: 'The only one that ends; all of them if left out.' })),
    id,
    expires: Type.Optional(Moment),
  },
  { additionalProperties: false },
);

/** The API keys of consumers. A change of keys is a revision of the config like any other. */
export function keyRoutes(app: AdminApp, { served, changes }: Pick<AdminPorts, 'served' | 'changes'>): void {
  const tags = ['keys'];

  /** @param text the new text, from the one that serves */
  async function revise(
    request: FastifyRequest,
    what: { consumer: string; to: string },
    text: (current: string) => { text: string; id: string },
  ) {
    const by = request.operator?.name ?? '';
    const { consumer, to } = what;
    let changed = '';
    const revised: Revised = await served.revise({
      author: `admin:${by}`,
      note: `a key of ${consumer} ${to}`,
      // A change of one key says itself what it changes: nobody's other change is overwritten by it.
      matches: ifMatch(request.headers['if-match'] ?? '*'),
      dryRun: false,
      written: '',
      text: (current) => {
        const made = text(current);
        changed = made.id;
        return made.text;
      },
    });
    Object.assign(request.audited, { consumer, key: changed, to, revision: revised.number });
    changes.record({
      at: Date.now(),
      kind: 'key',
      subject: `${consumer} ${changed}`,
      from: '',
      to,
      reason: 'admin API',
      by,
    });
    return { consumer, id: changed, revision: revised.number, file: revised.file };
  }

  const named = ({ text, entry }: KeyChange) => ({ text, id: entry.id });

  app.get(
    '/api/keys',
    {
      schema: {
        operationId: 'listKeys',
        tags,
        summary: 'The keys of each consumer, by their names; all of them, on one page',
        response: answers(PageOf(KeyShown)),
      },
    },
    async () => {
      const now = Date.now();
      const items = served.loaded.config.consumers.flatMap(({ name, keys }) =>
        keys.map(({ sha256: _, ...key }) => ({ consumer: name, ...key, state: keyState(key, now) })),
      );
      return { items };
    },
  );

  app.post(
    '/api/keys',
    {
      schema: {
        operationId: 'createKey',
        tags,
        summary: 'Gives a consumer a key; it is shown this once',
        headers: Headers,
        body: New,
        response: answers(Shown),
      },
    },
    async (request) => {
      const { key, sha256 } = newKey();
      const { consumer } = request.body;
      const made = await revise(request, { consumer, to: 'created' }, (current) =>
        named(withKey(current, { ...request.body, sha256, now: Date.now() })),
      );
      return { ...made, key };
    },
  );

  app.post(
    '/api/keys/:consumer/rotate',
    {
      schema: {
        operationId: 'rotateKeys',
        tags,
        summary: 'Gives a consumer a new key, shown this once, and its older ones an end',
        params: Type.Object({ consumer: Type.String() }),
        headers: Headers,
        body: Rotation,
        response: answers(Shown),
      },
    },
    async (request) => {
      const { key, sha256 } = newKey();
      const { consumer } = request.params;
      const { old: oldId, ...rest } = request.body;
      let ended: string[] = [];
      const made = await revise(request, { consumer, to: 'rotated' }, (current) => {
        const rotated = rotatedKey(current, { ...rest, consumer, sha256, oldId, now: Date.now() });
        ended = rotated.ended;
        return named(rotated);
      });
      return { ...made, key, ended };
    },
  );

  app.post(
    '/api/keys/:consumer/:id/expire',
    {
      schema: {
        operationId: 'expireKey',
        tags,
        summary: 'Gives a key an end, sooner or later than the one it may have',
        params: KeyNamed,
        headers: Headers,
        body: Type.Object({ at: Moment }, { additionalProperties: false }),
        response: answers(Type.Object(Changed)),
      },
    },
    async (request) => {
      const { params, body } = request;
      return revise(request, { consumer: params.consumer, to: `expires ${body.at}` }, (current) => ({
        text: expiringKey(current, params.consumer, params.id, body.at),
        id: params.id,
      }));
    },
  );

  app.delete(
    '/api/keys/:consumer/:id',
    {
      schema: {
        operationId: 'revokeKey',
        tags,
        summary: 'Takes a key out of the config: it lets nobody in any more',
        params: KeyNamed,
        headers: Headers,
        response: answers(Type.Object(Changed)),
      },
    },
    async (request) => {
      const { params } = request;
      return revise(request, { consumer: params.consumer, to: 'revoked' }, (current) => ({
        text: withoutKey(current, params.consumer, params.id),
        id: params.id,
      }));
    },
  );
}
