import { hash } from 'node:crypto';
import type { AiConfig, GatewayConfig } from '../../config/schema/index.ts';
import type { WindowLength } from '../../lib/calendar-window.ts';

export type BudgetUnit = 'usd' | 'tokens' | 'requests';
type Scope = AiConfig['budgets'][number]['scope'] | 'session';

/** Who makes a call, as budgets count. What is not known is ''. */
export interface Caller {
  readonly consumer: string;
  readonly groups: readonly string[];
  /** `consumer/id` of the API key. */
  readonly key: string;
  readonly user: string;
  /** The alias that was asked for, and the one that it was routed to. */
  readonly models: readonly string[];
  readonly session: string;
}

/** One limit on one unit: what is left of the config when it has been read. */
export interface BudgetRule {
  readonly name: string;
  readonly scope: Scope;
  readonly unit: BudgetUnit;
  /** Whole units: billionths of a dollar, tokens, calls. */
  readonly limit: number;
  readonly per: WindowLength;
  /** A share of the limit. */
  readonly soft: number;
  readonly onStoreDown: 'allow' | 'deny';
  /** A cap against runaway loops. */
  readonly isLoop: boolean;
  /** Whom a call is counted for; several (groups), or nobody. */
  subjectsOf(caller: Caller): readonly string[];
}

/**
 * The store counts in whole units, and billionths of a dollar are small enough: a token of the cheapest model costs ten.
 * 2^53 of them are nine million dollars.
 */
const UNITS_OF_USD = 1e9;

/**
 * What a call comes to, in whole units; what is left over of one counts as one. Whatever a client or a provider names is
 * at most as much as a store can count, and what is no number is nothing.
 */
export const unitsOf = (unit: BudgetUnit, amount: number): number =>
  Math.min(Math.ceil(unit === 'usd' ? amount * UNITS_OF_USD - 1e-3 : amount) || 0, Number.MAX_SAFE_INTEGER);

/** Back again: US dollars, tokens or calls. */
export const amountOf = (unit: BudgetUnit, units: number): number =>
  unit === 'usd' ? units / UNITS_OF_USD : units;

/** For people: `1.25 USD`, `300 tokens`. */
export function inWords(unit: BudgetUnit, units: number): string {
  if (unit !== 'usd') return `${units} ${unit}`;
  return `${Number(amountOf(unit, units).toPrecision(6))} USD`;
}

/** All budgets of a config, in the order in which a refusal names them: caps against loops first. */
export function budgetRules(config: Pick<GatewayConfig, 'consumers' | 'ai'>): BudgetRule[] {
  const { budgets, loops } = config.ai;
  const rules: BudgetRule[] = [];
  if (loops) {
    const { maxCalls: requests, maxUsd: usd, per } = loops;
    const session = { per, soft: 1, onStoreDown: 'allow' } as const;
    rules.push(...rulesOf('loops', 'session', { requests, usd, ...session }, ofSession, true));
  }
  for (const { name, budget } of config.consumers) {
    if (!budget) continue;
    const only = [name];
    rules.push(
      ...rulesOf(name, 'consumer', budget, ({ consumer }) => (consumer === name ? only : NOBODY), false),
    );
  }
  for (const budget of budgets) {
    const named = budget.match && new Set(budget.match);
    const all = SUBJECTS[budget.scope];
    const subjectsOf = named
      ? (caller: Caller) => all(caller).filter((subject) => named.has(nameIn(budget.scope, subject)))
      : all;
    rules.push(...rulesOf(budget.name, budget.scope, budget, subjectsOf, false));
  }
  return rules;
}

/** What a candidate that shadows a model may cost: one budget, whoever asked. */
export const shadowRules = (model: string, budget: Allowance | undefined): BudgetRule[] =>
  budget ? rulesOf(`shadow-${model}`, 'model', budget, () => [model], false) : [];

const NOBODY: readonly string[] = Object.freeze([]);

/** Users and sessions belong to a consumer: nobody spends another's by naming them. */
const within = (consumer: string, name: string): string => `${consumer}\0${name}`;
const nameIn = (scope: Scope, subject: string): string =>
  scope === 'user' ? subject.slice(subject.indexOf('\0') + 1) : subject;

const ofSession = ({ consumer, session }: Caller): readonly string[] =>
  session === '' ? NOBODY : [within(consumer, session)];

/** A call that doesn't say whose it is shares a budget with all that don't: saying nothing is no way round it. */
const SUBJECTS: Readonly<Record<Exclude<Scope, 'session'>, (caller: Caller) => readonly string[]>> = {
  consumer: ({ consumer }) => [consumer],
  group: ({ groups }) => [...new Set(groups)],
  user: ({ consumer, user }) => [within(consumer, user)],
  model: ({ models }) => [...new Set(models)],
  key: ({ key }) => [key],
};

type Allowance = Pick<BudgetRule, 'per' | 'soft' | 'onStoreDown'> &
  Partial<Record<BudgetUnit, number | undefined>>;

function rulesOf(
  name: string,
  scope: Scope,
  { per, soft, onStoreDown, ...limits }: Allowance,
  subjectsOf: BudgetRule['subjectsOf'],
  isLoop: boolean,
): BudgetRule[] {
  return (['usd', 'tokens', 'requests'] as const).flatMap((unit) => {
    const limit = limits[unit];
    if (limit === undefined) return [];
    const units = unit === 'usd' ? Math.floor(limit * UNITS_OF_USD) : limit;
    return [{ name, scope, unit, limit: units, per, soft, onStoreDown, isLoop, subjectsOf }];
  });
}

/** The store's key of a budget, whom it is counted for and the window; long or private names go in as a hash. */
export function budgetKey(rule: BudgetRule, subject: string, startsAt: number): string {
  const isPlain = rule.scope !== 'user' && rule.scope !== 'session' && subject.length <= 64;
  const who = isPlain ? subject : `#${hash('sha256', subject, 'base64url')}`;
  return `${rule.scope}/${rule.name}/${rule.unit}/${who}/${startsAt}`;
}
