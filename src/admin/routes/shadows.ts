import { Type } from 'typebox';
import { shadowPairs } from '../../ai/shadow/shadows.ts';
import type { ShadowPair } from '../../contracts/shadow.ts';
import { GatewayError } from '../../errors/gateway-error.ts';
import { answers } from '../openapi.ts';
import { limitOf, offsetOf, PageOf, PageQuery, pageOf } from '../paging.ts';
import type { AdminApp, AdminPorts } from '../ports.ts';
import { recordReading } from '../record-reading.ts';

const Side = Type.Object({
  model: Type.String(),
  provider: Type.String(),
  upstreamModel: Type.String({ description: 'The provider’s own name of it.' }),
  version: Type.String(),
  outcome: Type.String(),
  reason: Type.String(),
  finishReason: Type.String(),
  tokensIn: Type.Number(),
  tokensOut: Type.Number(),
  usd: Type.Number({ description: 'US dollars; -1: the model has no price.' }),
  ms: Type.Number({ description: 'Milliseconds to the end of the answer.' }),
  text: Type.String({ description: 'The beginning of what was said; empty without the right `content`.' }),
});
const Pair = Type.Object({
  at: Type.Number({ description: 'Milliseconds since the epoch.' }),
  requestId: Type.String(),
  consumer: Type.String(),
  real: Side,
  shadow: Side,
  comparison: Type.Object({
    likeness: Type.Number({ description: '0 to 1: the share of words that both have.' }),
    isSameText: Type.Boolean(),
    isSameFinish: Type.Boolean(),
  }),
});
const Mean = Type.Object({ ms: Type.Number(), usd: Type.Number(), complete: Type.Number() });
const Summary = Type.Object({
  pairs: Type.Integer(),
  likeness: Type.Number({ description: 'Mean of all pairs.' }),
  sameText: Type.Number({ description: 'Share of all pairs.' }),
  real: Mean,
  shadow: Mean,
});
const Query = Type.Object(
  { ...PageQuery.properties, model: Type.String({ description: 'The model that has a shadow.' }) },
  { additionalProperties: false },
);

/** What models said, and what their candidates would have said: the words are shown to tokens with the right `content`. */
export function shadowRoutes(
  app: AdminApp,
  { documents, served, audit }: Pick<AdminPorts, 'documents' | 'served' | 'audit'>,
): void {
  app.get(
    '/api/shadows',
    {
      schema: {
        operationId: 'getShadows',
        tags: ['models'],
        summary: 'Answers of a model beside those of the candidate that shadows it, the newest first',
        querystring: Query,
        response: answers(
          Type.Intersect([
            PageOf(Pair),
            Type.Object({ summary: Summary, isOn: Type.Boolean({ description: 'Whether more come.' }) }),
          ]),
        ),
      },
    },
    async (request) => {
      const { query, operator } = request;
      const model = served.loaded.config.ai.models[query.model];
      if (!model)
        throw new GatewayError('resource_unknown', {
          detail: `There is no model ${JSON.stringify(query.model)}.`,
        });
      const pairs = await shadowPairs(documents, query.model);
      const skipped = offsetOf(query);
      const limit = limitOf(query);
      const { items, ...next } = pageOf(pairs.slice(skipped), limit, () => String(skipped + limit));
      const mayRead = operator?.rights.includes('content') ?? false;
      if (mayRead && items.some(hasText))
        await recordReading(audit, request, 'getShadows', {
          path: '/api/shadows',
          details: { model: query.model },
        });
      const shown = mayRead ? items : items.map(withoutText);
      return { items: shown, ...next, summary: summaryOf(pairs), isOn: model.shadow !== undefined };
    },
  );
}

const hasText = ({ real, shadow }: ShadowPair): boolean => real.text !== '' || shadow.text !== '';

const withoutText = (pair: ShadowPair): ShadowPair => ({
  ...pair,
  real: { ...pair.real, text: '' },
  shadow: { ...pair.shadow, text: '' },
});

function summaryOf(pairs: readonly ShadowPair[]) {
  const mean = (of: (pair: ShadowPair) => number): number =>
    pairs.length === 0 ? 0 : pairs.reduce((sum, pair) => sum + of(pair), 0) / pairs.length;
  const side = (which: 'real' | 'shadow') => ({
    ms: mean((pair) => pair[which].ms),
    usd: mean((pair) => Math.max(0, pair[which].usd)),
    complete: mean((pair) => (pair[which].outcome === 'complete' ? 1 : 0)),
  });
  return {
    pairs: pairs.length,
    likeness: mean(({ comparison }) => comparison.likeness),
    sameText: mean(({ comparison }) => (comparison.isSameText ? 1 : 0)),
    real: side('real'),
    shadow: side('shadow'),
  };
}
