import type { Detection, Priority, Severity } from '../../contracts/finding.ts';
import type { Scores } from '../findings/finding.ts';
import { impactOf, type Tier } from './impact.ts';

const SEVERITY: Readonly<Record<Severity, number>> = { critical: 4, high: 3, medium: 2, low: 1 };

/** What each part of the weighted score counts; they need not add up to anything. */
export interface Weights {
  readonly severity: number;
  readonly impact: number;
  readonly confidence: number;
  readonly effort: number;
}

/** Nothing of it depends on anything but its arguments, so a list can be scored anew with other weights. */
export function scoresOf(detection: Detection, effort: number, tier: Tier, weights: Weights): Scores {
  const impact = impactOf(detection.impact, tier);
  const matrix = matrixOf(detection, impact, effort);
  return {
    impact,
    effort,
    matrix,
    rice: riceOf(detection, impact, effort),
    weighted: weightedOf(detection, impact, effort, weights),
    moscow: moscowOf(detection, matrix),
  };
}

/**
 * Severity (1 to 4) and impact (1 to 5) added; what is quickly done goes half a step before its like, what is a project
 * half a step behind it. Security of high severity is never below P1.
 */
export function matrixOf(
  { severity, category }: Pick<Detection, 'severity' | 'category'>,
  impact: number,
  effort: number,
): Priority {
  const sum = SEVERITY[severity] + impact + (effort <= 2 ? 0.5 : effort >= 4 ? -0.5 : 0);
  const priority = sum >= 8 ? 'P0' : sum >= 6.5 ? 'P1' : sum >= 5 ? 'P2' : sum >= 3.5 ? 'P3' : 'P4';
  const isGrave = category === 'security' && SEVERITY[severity] >= 3;
  return isGrave && priority > 'P1' ? 'P1' : priority;
}

/** Reach × impact × confidence ÷ effort (Intercom, 2016): impact on their scale of 0.25 to 3, effort in our steps. */
function riceOf(
  { impact: { users, consumers, requests }, cause }: Detection,
  impact: number,
  effort: number,
): number {
  const reach = users ?? consumers ?? requests;
  const scaled = [0.25, 0.5, 1, 2, 3][impact - 1] as number;
  return Math.round(((reach * scaled * cause.confidence) / effort) * 100) / 100;
}

/** 0 to 100. */
function weightedOf(
  { severity, cause }: Detection,
  impact: number,
  effort: number,
  weights: Weights,
): number {
  const all = weights.severity + weights.impact + weights.confidence + weights.effort;
  if (all === 0) return 0;
  const sum =
    (weights.severity * SEVERITY[severity]) / 4 +
    (weights.impact * impact) / 5 +
    weights.confidence * cause.confidence +
    (weights.effort * (6 - effort)) / 5;
  return Math.round((sum / all) * 1000) / 10;
}

function moscowOf({ category, impact, severity }: Detection, matrix: Priority): Scores['moscow'] {
  const isGrave = category === 'security' && SEVERITY[severity] >= 3;
  if (matrix === 'P0' || isGrave || (impact.budgetBurnt ?? 0) >= 1) return 'must';
  if (matrix === 'P1' || matrix === 'P2') return 'should';
  return matrix === 'P3' ? 'could' : 'wont';
}
