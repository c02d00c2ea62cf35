import { type Static, Type } from 'typebox';
import { type PatchOperation, patchText, valuesIn } from '../../config/json-patch.ts';
import { keepSecrets } from '../../config/keep-secrets.ts';
import type { RevisionWithText } from '../../config/revisions.ts';
import { GatewayError } from '../../errors/gateway-error.ts';
import type { Revised } from '../../server/served-file.ts';
import { ifMatch } from '../if-match.ts';
import { answers } from '../openapi.ts';
import { limitOf, PageOf, PageQuery, pageOf } from '../paging.ts';
import type { AdminApp, AdminPorts } from '../ports.ts';

const Line = Type.Object({
  kind: Type.Union([Type.Literal('same'), Type.Literal('added'), Type.Literal('removed')]),
  text: Type.String(),
  line: Type.Integer(),
});

const summary = {
  number: Type.Integer(),
  hash: Type.String({ description: 'SHA-256 of the text.' }),
  at: Type.Integer({ description: 'Milliseconds since the epoch.' }),
  author: Type.String({ description: '`file`, `admin:NAME`, or which action did it.' }),
  note: Type.String(),
  secretsOnly: Type.Boolean({ description: 'The only difference is in what is masked.' }),
};
const Summary = Type.Object(summary);
const Whole = Type.Object({
  ...summary,
  diff: Type.Array(Line, { description: 'Against the revision before.' }),
  text: Type.String({ description: 'As written, secrets masked.' }),
});

const Number1 = Type.Integer({ minimum: 1, maximum: 999_999_999_999 });
const ByNumber = Type.Object({ number: Number1 });

const Pointer = Type.String({ maxLength: 4096, description: 'JSON pointer into the text as it is written.' });
const Operation = Type.Union([
  Type.Object({ op: Type.Literal('add'), path: Pointer, value: Type.Unknown() }),
  Type.Object({ op: Type.Literal('replace'), path: Pointer, value: Type.Unknown() }),
  Type.Object({ op: Type.Literal('test'), path: Pointer, value: Type.Unknown() }),
  Type.Object({ op: Type.Literal('remove'), path: Pointer }),
  Type.Object({ op: Type.Literal('move'), path: Pointer, from: Pointer }),
  Type.Object({ op: Type.Literal('copy'), path: Pointer, from: Pointer }),
]);
const note = Type.Optional(Type.String({ maxLength: 500, description: 'Why; kept with the revision.' }));
const Change = Type.Union([
  Type.Object({ text: Type.String({ minLength: 1 }), note }, { additionalProperties: false }),
  Type.Object(
    { patch: Type.Array(Operation, { maxItems: 1000, description: 'RFC 6902.' }), note },
    { additionalProperties: false },
  ),
]);

const dryRun = Type.Optional(Type.Boolean({ description: 'Validate and build, and change nothing.' }));
const DryRun = Type.Object({ dryRun }, { additionalProperties: false });
const Applying = Type.Object(
  {
    dryRun,
    keepSecrets: Type.Optional(
      Type.Boolean({
        description:
          'Masks that stand in the text where they were shown stand for the secrets that they hide.',
      }),
    ),
  },
  { additionalProperties: false },
);
const Conditional = Type.Object({
  'if-match': Type.Optional(
    Type.String({ description: 'The ETag of the revision that the change is meant for.' }),
  ),
});

const Outcome = Type.Object({
  revision: Type.Integer({ description: 'The revision that serves now.' }),
  hash: Type.String({ description: 'SHA-256 of the text that was asked for.' }),
  isNew: Type.Boolean({ description: 'False: a dry run, or nothing differs.' }),
  diff: Type.Array(Line),
  needsRestart: Type.Array(Type.String(), {
    description:
      'Keys that differ from what the process was started with: they count from its next start on only.',
  }),
  file: Type.Object(
    { isWritten: Type.Boolean(), reason: Type.String() },
    { description: 'Whether the config file says what serves; if not, why.' },
  ),
});

/** The revisions of the configuration: those that were, and a new one. */
export function revisionRoutes(
  app: AdminApp,
  ports: Pick<AdminPorts, 'served' | 'revisions' | 'desk'>,
): void {
  const { served, revisions, desk } = ports;
  const tags = ['config'];

  async function existing(number: number): Promise<RevisionWithText> {
    const revision = await revisions.get(number);
    if (revision) return revision;
    throw new GatewayError('resource_unknown', { detail: `There is no revision ${number}.` });
  }

  // As an editor saves it, and as RFC 6902 names it: short for a body of one key.
  app.addContentTypeParser(
    'application/yaml',
    { parseAs: 'string' },
    async (_request: unknown, text: string) => ({ text }),
  );
  const parseJson = app.getDefaultJsonParser('error', 'error');
  app.addContentTypeParser<string>(
    'application/json-patch+json',
    { parseAs: 'string' },
    (request, text, done) => {
      parseJson(request, text, (error, patch) => done(error, { patch }));
    },
  );

  app.get(
    '/api/revisions',
    {
      schema: {
        operationId: 'listRevisions',
        tags,
        summary: 'Revisions that were applied, newest first',
        querystring: PageQuery,
        response: answers(PageOf(Summary)),
      },
    },
    async ({ query }) => {
      const limit = limitOf(query);
      const before = query.after === undefined ? undefined : Number(query.after);
      if (before !== undefined && !Number.isSafeInteger(before))
        throw new GatewayError('request_invalid', {
          param: '/after',
          detail: 'after is no revision’s number.',
        });
      return pageOf(await revisions.list(limit + 1, before), limit, ({ number }) => String(number));
    },
  );

  app.get(
    '/api/revisions/:number',
    {
      schema: {
        operationId: 'getRevision',
        tags,
        summary: 'A revision with its text, secrets masked',
        params: ByNumber,
        response: answers(Whole),
      },
    },
    async ({ params }) => {
      const { text, ...revision } = await existing(params.number);
      return { ...revision, text: await desk.masked(text) };
    },
  );

  app.get(
    '/api/revisions/:number/diff',
    {
      schema: {
        operationId: 'diffRevision',
        tags,
        summary: 'What differs between two revisions, secrets masked',
        params: ByNumber,
        querystring: Type.Object(
          { against: Type.Optional(Number1) },
          { additionalProperties: false, description: 'Without `against`: the revision before.' },
        ),
        response: answers(
          Type.Object({ number: Type.Integer(), against: Type.Integer(), diff: Type.Array(Line) }),
        ),
      },
    },
    async ({ params: { number }, query: { against = number - 1 } }) => {
      const { text } = await existing(number);
      const before = against === 0 ? '' : (await existing(against)).text;
      return { number, against, diff: await desk.diff(before, text) };
    },
  );

  app.post(
    '/api/revisions',
    {
      schema: {
        operationId: 'applyRevision',
        tags,
        summary:
          'Puts a new text, or the current one with a JSON patch on it, into service and into the file',
        headers: Conditional,
        querystring: Applying,
        body: Change,
        response: answers(Outcome),
      },
    },
    async ({ body, headers, query, operator, audited }, reply) => {
      const matches = ifMatch(headers['if-match']);
      const dryRun = query.dryRun ?? false;
      const revised = await served.revise({
        author: `admin:${operator?.name}`,
        note: body.note ?? '',
        matches,
        dryRun,
        written: 'text' in body ? body.text : valuesIn(body.patch as PatchOperation[]),
        text: (current) => {
          if (!('text' in body)) return patchText(current, body.patch as PatchOperation[]);
          return query.keepSecrets ? keepSecrets(body.text, current) : body.text;
        },
      });
      Object.assign(audited, { revision: revised.number, isNew: revised.isNew, dryRun });
      reply.header('etag', revised.etag);
      return outcomeOf(revised);
    },
  );

  app.post(
    '/api/revisions/:number/apply',
    {
      schema: {
        operationId: 'rollBack',
        tags,
        summary: 'Puts an earlier revision into service again, as a new one',
        headers: Conditional,
        querystring: DryRun,
        params: ByNumber,
        response: answers(Outcome),
      },
    },
    async ({ params: { number }, headers, query, operator, audited }, reply) => {
      const matches = ifMatch(headers['if-match']);
      const { text } = await existing(number);
      const dryRun = query.dryRun ?? false;
      const author = `admin:${operator?.name}`;
      const revised = await served.revise({
        author,
        note: `revision ${number} again`,
        matches,
        dryRun,
        text: () => text,
        written: null,
      });
      Object.assign(audited, { revision: revised.number, isNew: revised.isNew, dryRun, of: number });
      reply.header('etag', revised.etag);
      return outcomeOf(revised);
    },
  );
}

const outcomeOf = ({ number, hash, isNew, diff, needsRestart, file }: Revised): Static<typeof Outcome> => ({
  revision: number,
  hash,
  isNew,
  diff,
  needsRestart,
  file,
});
