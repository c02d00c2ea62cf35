import type { Priority } from '../../contracts/finding.ts';
import { Gauge, type Registry } from '../../telemetry/metrics.ts';
import { type Finding, isOver } from './finding.ts';

const PRIORITIES: readonly Priority[] = ['P0', 'P1', 'P2', 'P3', 'P4'];

/** `gateway_findings_open{priority}`: findings that are neither over nor muted. */
export class OpenFindingsMeter {
  readonly #gauge;

  constructor(registry: Registry) {
    this.#gauge = new Gauge({
      name: 'gateway_findings_open',
      help: 'Findings that somebody has to act on, by priority; of all replicas, as the store says.',
      labelNames: ['priority'],
      registers: [registry],
    });
    this.set([]);
  }

  set(findings: readonly Finding[]): void {
    for (const priority of PRIORITIES) {
      const open = findings.filter(
        (each) => each.priority === priority && !isOver(each) && each.state !== 'muted',
      );
      this.#gauge.set({ priority }, open.length);
    }
  }
}
