import { expect, it } from 'vitest';
import { type Input, InputDrift } from '../../../../src/ai/drift/input-drift.ts';
import { languageOf, wordsOf } from '../../../../src/ai/drift/input-features.ts';
import { openMetrics } from '../../../../src/telemetry/metrics.ts';

it.each([
  ['english', 'What is the price of the red shoes and how long does it take?'],
  ['german', 'Wie lange dauert die Lieferung und was kostet das?'],
  ['french', 'Je ne comprends pas, est-ce que vous avez une boutique dans les environs?'],
  ['spanish', 'Por favor, dime cómo cambiar los datos del pedido y mi dirección'],
  ['italian', 'Non so che fare, il pacco non è arrivato e gli ordini sono due'],
  ['portuguese', 'Você pode me dizer como devolver um produto? Não quero uma troca'],
  ['cyrillic', 'Где мой заказ?'],
  ['chinese', '我的订单在哪里？'],
  ['japanese', '注文はどこですか'],
  ['korean', '주문은 어디에 있나요'],
  ['arabic', 'أين طلبي'],
  ['other', '12345 !!'],
])('%s: %s', (language, text) => {
  expect(languageOf(text, wordsOf(text))).toBe(language);
});

async function drifts(inputs: Iterable<[model: string, input: Input]>): Promise<Record<string, number>> {
  const metrics = openMetrics({ process: false });
  const drift = new InputDrift(metrics);
  for (const [model, input] of inputs) {
    drift.observe({ model, language: '' }, input);
    await new Promise((resolve) => setImmediate(resolve));
  }
  const [metric] = await metrics.getMetricsAsJSON();
  return Object.fromEntries((metric?.values ?? []).map(({ labels, value }) => [String(labels.of), value]));
}

const topics = [
  'delivery address changed again',
  'refund request pending since monday',
  'broken screen warranty claim',
];
const asked = (i: number) => ({
  bytes: 400 + ((i * 37) % 200),
  sample: `The ${topics[i % topics.length]} please`,
});

const usual = Array.from({ length: 5_000 }, (_, i): [string, Input] => ['smart', asked(i)]);

it('what stays alike does not drift', async () => {
  const drift = await drifts(usual);
  for (const of of ['length', 'language', 'topic']) expect(drift[of], of).toBeLessThan(0.02);
});

it('another language, other topics and longer requests are seen, each in its own place', async () => {
  const other = { bytes: 20_000, sample: 'Wie ist die Lösung der Aufgabe über Geometrie und Brüche?' };
  const drift = await drifts([
    ...usual,
    ...Array.from({ length: 1_000 }, (): [string, Input] => ['smart', other]),
  ]);
  for (const of of ['length', 'language', 'topic']) expect(drift[of], of).toBeGreaterThan(0.2);
});

it('a few requests say nothing', async () => {
  const few = Array.from({ length: 100 }, (_, i): [string, Input] => [
    'new',
    { bytes: 2 ** (i % 20), sample: '' },
  ]);
  expect(await drifts(few)).toEqual({ length: 0, language: 0, topic: 0 });
});
