import { Type } from 'typebox';
import { answers } from '../openapi.ts';
import { PageQuery, pageAfter } from '../paging.ts';
import type { AdminApp, AdminPorts } from '../ports.ts';
import { FindingCategory } from '../shown/finding.ts';

const Entry = Type.Object({
  id: Type.String({ description: 'Of the finding.' }),
  at: Type.Integer({ description: 'Milliseconds since the epoch.' }),
  title: Type.String(),
  detector: Type.String(),
  category: FindingCategory,
  labels: Type.Array(Type.String()),
  symptom: Type.String(),
  place: Type.String(),
  cause: Type.Object({ kind: Type.String(), sentence: Type.String() }),
  fix: Type.String(),
  proof: Type.String(),
  notes: Type.Array(Type.String()),
  minutesToResolve: Type.Integer(),
});

/** What was learnt from findings that are resolved. */
export function knowledgeRoutes(app: AdminApp, { care }: Pick<AdminPorts, 'care'>): void {
  app.get(
    '/api/knowledge',
    {
      schema: {
        operationId: 'listKnowledge',
        tags: ['findings'],
        summary: 'What resolved findings taught: newest first, or by words the best first',
        querystring: Type.Object(
          { ...PageQuery.properties, q: Type.Optional(Type.String({ minLength: 1, maxLength: 200 })) },
          { additionalProperties: false },
        ),
        response: answers(Type.Object({ entries: Type.Array(Entry), next: Type.Optional(Type.String()) })),
      },
    },
    async ({ query }) => {
      const { q } = query;
      const found = q === undefined ? await care.knowledge.all() : await care.knowledge.search(q);
      const page = pageAfter(found, query, ({ id }) => id);
      const entries = page.items.map((entry) => ({
        ...entry,
        labels: [...entry.labels],
        notes: [...entry.notes],
      }));
      return page.next === undefined ? { entries } : { entries, next: page.next };
    },
  );
}
