import { Type } from 'typebox';
import { answers, OrNull } from '../openapi.ts';
import type { AdminApp, AdminPorts } from '../ports.ts';

const Ms = OrNull(Type.Number({ description: 'Milliseconds; null: nothing to go by yet.' }));
const Share = OrNull(Type.Number({ description: '0 to 1; null: nothing to go by yet.' }));
const Score = OrNull(
  Type.Object({
    value: Type.Number(),
    interval: Type.Unsafe<readonly [number, number]>({
      type: 'array',
      items: { type: 'number' },
      description: '95 %.',
    }),
    responses: Type.Integer(),
  }),
);
const Verdict = Type.Unsafe<'pass' | 'fail' | 'insufficient'>({
  type: 'string',
  enum: ['pass', 'fail', 'insufficient'],
});

const Kpis = Type.Object({
  from: Type.Integer(),
  to: Type.Integer(),
  meanTimeToDetect: Ms,
  meanTimeToAcknowledge: Ms,
  meanTimeToResolve: Ms,
  availability: Share,
  p95: OrNull(Type.Number({ description: 'Milliseconds, of the last ten minutes.' })),
  objectives: Type.Array(
    Type.Object({
      name: Type.String(),
      isMet: OrNull(Type.Boolean()),
      burn: OrNull(Type.Number()),
      budgetLeft: OrNull(Type.Number()),
    }),
  ),
  findings: Type.Object({ opened: Type.Integer(), resolved: Type.Integer(), open: Type.Integer() }),
  reopenedShare: Share,
  newUrgentPerDay: Type.Number({ description: 'P0 and P1.' }),
  actedOnShare: Share,
  securityEvents: Type.Integer(),
  feedback: Type.Object({ reports: Type.Integer(), perThousandUsers: OrNull(Type.Number()) }),
  csat: Score,
  nps: Score,
});

const Signature = Type.Object({
  at: Type.Integer({ description: 'Milliseconds since the epoch.' }),
  by: Type.String(),
  note: Type.String(),
  window: Type.String(),
  revision: Type.Integer(),
  report: Type.String({ description: 'The sign-off report as it was signed, in Markdown.' }),
});

const Exit = Type.Object({
  verdict: Verdict,
  criteria: Type.Array(
    Type.Object({ name: Type.String(), verdict: Verdict, evidence: Type.Array(Type.String()) }),
  ),
  report: Type.String({ description: 'The sign-off report, in Markdown.' }),
  signed: OrNull(Signature),
});

/** How the care does, and whether the window may end. */
export function careReportRoutes(app: AdminApp, { care }: Pick<AdminPorts, 'care'>): void {
  const tags = ['care'];
  app.get(
    '/api/kpis',
    {
      schema: {
        operationId: 'getKpis',
        tags,
        summary: 'How the care does, since the window’s start or another moment',
        querystring: Type.Object(
          { from: Type.Optional(Type.Integer({ minimum: 0, description: 'Milliseconds since the epoch.' })) },
          { additionalProperties: false },
        ),
        response: answers(Kpis),
      },
    },
    async ({ query }) => {
      const kpis = await care.report.kpis(query.from);
      return { ...kpis, objectives: [...kpis.objectives] };
    },
  );
  app.get(
    '/api/exit',
    {
      schema: {
        operationId: 'getExit',
        tags,
        summary: 'Whether the window may end: each criterion with its evidence, and the sign-off report',
        response: answers(Exit),
      },
    },
    async () => {
      const { verdict, criteria, report, signed } = await care.report.exit();
      return {
        verdict,
        report,
        signed,
        criteria: criteria.map((each) => ({ ...each, evidence: [...each.evidence] })),
      };
    },
  );
  app.post(
    '/api/exit/sign-off',
    {
      schema: {
        operationId: 'signOff',
        tags,
        summary: 'Ends the window in the operator’s name; refused unless every criterion passes',
        body: Type.Union([
          Type.Object(
            {
              note: Type.Optional(Type.String({ maxLength: 2000, description: 'Kept with the signature.' })),
            },
            { additionalProperties: false },
          ),
          Type.Null(),
        ]),
        response: answers(Signature),
      },
    },
    async ({ body, operator, audited }) => {
      const signature = await care.report.sign(operator?.name ?? '', body?.note ?? '');
      Object.assign(audited, { window: signature.window, revision: signature.revision });
      return signature;
    },
  );
  for (const [name, summary] of [
    ['daily', 'The last 24 hours, in Markdown'],
    [
      'handover',
      'For whoever takes over: as it runs, alert rules, known issues, runbooks, contacts; in Markdown',
    ],
  ] as const) {
    app.get(
      `/api/reports/${name}`,
      {
        schema: {
          operationId: `get${name[0]?.toUpperCase()}${name.slice(1)}Report`,
          tags,
          summary,
          produces: ['text/markdown'],
        },
      },
      async (_request, reply) => {
        const text = await care.report[name]();
        return reply.type('text/markdown; charset=utf-8').send(text);
      },
    );
  }
}
