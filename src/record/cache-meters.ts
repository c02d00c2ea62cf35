import type { Answers } from '../stores/answers/index.ts';
import { Gauge, type Registry } from '../telemetry/metrics.ts';

/** What kept answers take, read when it is asked for. */
export function meterAnswers(metrics: Registry, answers: Pick<Answers, 'bytes'>): void {
  const bytes = new Gauge({
    name: 'gateway_cache_bytes',
    help: 'Memory that kept answers take.',
    registers: [metrics],
    collect() {
      bytes.set(answers.bytes);
    },
  });
}
