import { Type } from 'typebox';
import { GatewayError } from '../../errors/gateway-error.ts';
import { parseDuration } from '../../lib/duration.ts';
import { ifMatch } from '../if-match.ts';
import { answers } from '../openapi.ts';
import type { AdminApp, AdminPorts } from '../ports.ts';
import { FindingShown } from '../shown/finding.ts';
import { shownFinding } from './findings.ts';

const ById = Type.Object({ id: Type.String() });
const ByAction = Type.Object({ id: Type.String(), n: Type.Integer({ minimum: 0, maximum: 1000 }) });
const Note = Type.Optional(Type.String({ maxLength: 2000, description: 'Kept in the history.' }));
const Body = <P extends Parameters<typeof Type.Object>[0]>(properties: P) =>
  Type.Object(properties, { additionalProperties: false });
/** What need not be sent at all. */
const Maybe = <P extends Parameters<typeof Type.Object>[0]>(properties: P) =>
  Type.Union([Body(properties), Type.Null()]);
const MOST_MUTED_MS = 30 * 24 * 60 * 60 * 1000;

/** What people do about findings. Each leaves an entry in the finding's history and in the audit log. */
export function findingChangeRoutes(app: AdminApp, { care }: Pick<AdminPorts, 'care'>): void {
  const tags = ['findings'];
  const { desk, applier } = care;

  app.post(
    '/api/findings/:id/acknowledge',
    {
      schema: {
        operationId: 'acknowledgeFinding',
        tags,
        summary: 'Takes it on',
        params: ById,
        body: Maybe({ note: Note }),
        response: answers(FindingShown),
      },
    },
    async ({ params: { id }, body, operator, audited }) => {
      audited.finding = id;
      return shownFinding(await desk.acknowledge(id, operator?.name ?? '', body?.note));
    },
  );

  app.post(
    '/api/findings/:id/mute',
    {
      schema: {
        operationId: 'muteFinding',
        tags,
        summary: 'Says nothing of it for a while; it wakes when it has grown to twice its size',
        params: ById,
        body: Body({
          for: Type.String({ maxLength: 16, description: '30m, 4h, 7d; 30d at most.' }),
          note: Note,
        }),
        response: answers(FindingShown),
      },
    },
    async ({ params: { id }, body, operator, audited }) => {
      const ms = parseDuration(body.for);
      if (ms === undefined || ms <= 0 || ms > MOST_MUTED_MS)
        throw new GatewayError('body_invalid', {
          param: '/for',
          detail: '"for" is a duration of 30d at most, like 4h.',
        });
      Object.assign(audited, { finding: id, for: body.for });
      return shownFinding(await desk.mute(id, operator?.name ?? '', ms, body.note));
    },
  );

  app.post(
    '/api/findings/:id/resolve',
    {
      schema: {
        operationId: 'resolveFinding',
        tags,
        summary: 'Claims that it is fixed: it is verified on the traffic, and resolved once that proves it',
        params: ById,
        body: Maybe({ note: Note }),
        response: answers(FindingShown),
      },
    },
    async ({ params: { id }, body, operator, audited }) => {
      audited.finding = id;
      return shownFinding(await desk.resolve(id, operator?.name ?? '', body?.note ?? ''));
    },
  );

  app.post(
    '/api/findings/:id/note',
    {
      schema: {
        operationId: 'noteFinding',
        tags,
        summary: 'Writes a note of the team',
        params: ById,
        body: Body({ text: Type.String({ minLength: 1, maxLength: 4000 }) }),
        response: answers(FindingShown),
      },
    },
    async ({ params: { id }, body, operator, audited }) => {
      audited.finding = id;
      return shownFinding(await desk.note(id, operator?.name ?? '', body.text));
    },
  );

  app.post(
    '/api/findings/:id/link',
    {
      schema: {
        operationId: 'linkFinding',
        tags,
        summary: 'Links a piece of feedback: who gave it hears when it is fixed',
        params: ById,
        body: Body({ feedback: Type.String({ minLength: 1, maxLength: 64 }) }),
        response: answers(FindingShown),
      },
    },
    async ({ params: { id }, body, operator, audited }) => {
      Object.assign(audited, { finding: id, feedback: body.feedback });
      return shownFinding(await desk.link(id, operator?.name ?? '', body.feedback));
    },
  );

  app.post(
    '/api/findings/:id/announce',
    {
      schema: {
        operationId: 'announceFinding',
        tags,
        summary: 'Says on the status page what users may know of it; an empty text takes it back',
        params: ById,
        body: Body({ text: Type.String({ maxLength: 500 }) }),
        response: answers(FindingShown),
      },
    },
    async ({ params: { id }, body, operator, audited }) => {
      audited.finding = id;
      return shownFinding(await desk.announce(id, operator?.name ?? '', body.text));
    },
  );

  const Conditional = Type.Object({
    'if-match': Type.Optional(
      Type.String({
        description: 'The ETag of the config that was seen; without it the patch’s own tests decide.',
      }),
    ),
  });

  app.post(
    '/api/findings/:id/actions/:n/apply',
    {
      schema: {
        operationId: 'applyAction',
        tags,
        summary: 'Does it and verifies it on the traffic; 409 with the reason if it does not fit any more',
        params: ByAction,
        headers: Conditional,
        body: Maybe({
          canary: Type.Optional(
            Type.Boolean({
              description: 'For a part of the traffic first, where the action can; then for all.',
            }),
          ),
        }),
        response: answers(FindingShown),
      },
    },
    async ({ params: { id, n }, headers, body, operator, audited }) => {
      Object.assign(audited, { finding: id, action: n });
      const match = headers['if-match'];
      const condition = match === undefined ? {} : { matches: ifMatch(match) };
      const canary = body?.canary ?? false;
      return shownFinding(await applier.apply(id, n, { by: operator?.name ?? '', canary, ...condition }));
    },
  );

  app.post(
    '/api/findings/:id/actions/:n/revert',
    {
      schema: {
        operationId: 'revertAction',
        tags,
        summary: 'Takes it back; 409 with the reason if that does not fit any more',
        params: ByAction,
        headers: Conditional,
        response: answers(FindingShown),
      },
    },
    async ({ params: { id, n }, headers, operator, audited }) => {
      Object.assign(audited, { finding: id, action: n });
      const match = headers['if-match'];
      const condition = match === undefined ? {} : { matches: ifMatch(match) };
      return shownFinding(await applier.revert(id, n, { by: operator?.name ?? '', ...condition }));
    },
  );
}
