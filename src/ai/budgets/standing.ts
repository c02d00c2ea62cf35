import type { GatewayConfig } from '../../config/schema/index.ts';
import type { BudgetState, Budgets } from '../../contracts/budget.ts';
import type { CalendarWindow } from '../../lib/calendar-window.ts';
import { Slices } from '../../lib/slices.ts';
import { type Draw, drawsOf } from './draw.ts';
import { type Level, levelOf } from './levels.ts';
import { amountOf, type BudgetRule, type BudgetUnit, budgetRules, type Caller } from './rules.ts';

/** How one budget stands in its current window, for one of those that it is counted for. */
export interface BudgetStanding {
  readonly budget: string;
  readonly scope: BudgetRule['scope'];
  readonly subject: string;
  readonly unit: BudgetUnit;
  /** US dollars, tokens or calls, as the unit says. */
  readonly limit: number;
  readonly spent: number;
  /** Reserved by calls that still run. */
  readonly held: number;
  readonly level: Level;
  readonly window: CalendarWindow;
}

/** Whose budgets are asked for beside those that the config names: people and sessions are in no list. */
export type AskedFor = Partial<Pick<Caller, 'consumer' | 'user' | 'session'>>;

const READ_AT_ONCE = 100;

const NOBODY: Caller = { consumer: '', groups: [], key: '', user: '', models: [], session: '' };

/** The budgets of a config for everybody that it names, and for those asked for. @throws StoreUnavailable */
export async function budgetStandings(
  config: Pick<GatewayConfig, 'consumers' | 'ai'>,
  budgets: Pick<Budgets, 'read'>,
  now: number,
  asked: AskedFor = {},
): Promise<BudgetStanding[]> {
  const rules = budgetRules(config);
  const draws = new Map<string, Draw>();
  for (const { who, scopes } of callersOf(config, asked)) {
    const theirs = rules.filter(({ scope }) => scopes.has(scope));
    for (const draw of drawsOf(theirs, who, now)) draws.set(draw.key, draw);
  }
  const keys = [...draws.keys()];
  const states: BudgetState[] = [];
  // In slices: a store in this process is read at once, and may have thousands.
  for (const slices = new Slices(); states.length < keys.length; await slices.rest())
    states.push(...(await budgets.read(keys.slice(states.length, states.length + READ_AT_ONCE))));
  return [...draws.values()].map(({ rule, subject, window }, at) => {
    const { spent = 0, held = 0 } = states[at] ?? {};
    const { name: budget, scope, unit, limit } = rule;
    return {
      ...{ budget, scope, unit, window },
      subject: subject.replace('\0', '/'),
      limit: amountOf(unit, limit),
      spent: amountOf(unit, spent),
      held: amountOf(unit, held),
      level: levelOf(rule, spent),
    };
  });
}

/** Somebody who may call, and the scopes in which they stand for themselves. */
interface Standing {
  readonly who: Caller;
  readonly scopes: ReadonlySet<BudgetRule['scope']>;
}

function callersOf(
  { consumers, ai }: Pick<GatewayConfig, 'consumers' | 'ai'>,
  { consumer, user, session }: AskedFor,
): Standing[] {
  const callers: Standing[] = [];
  const add = (who: Partial<Caller>, ...scopes: BudgetRule['scope'][]): void => {
    callers.push({ who: { ...NOBODY, ...who }, scopes: new Set(scopes) });
  };
  for (const { name, groups, keys } of consumers) {
    add({ consumer: name, groups }, 'consumer', 'group');
    for (const { id } of keys) add({ consumer: name, key: `${name}/${id}` }, 'key');
  }
  for (const model of Object.keys(ai.models)) add({ models: [model] }, 'model');
  if (consumer !== undefined) add({ consumer }, 'consumer');
  if (user !== undefined) add({ consumer: consumer ?? '', user }, 'user');
  if (session !== undefined) add({ consumer: consumer ?? '', session }, 'session');
  return callers;
}
