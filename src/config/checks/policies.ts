import type { PolicyConsumer } from '../../contracts/policy.ts';
import { compileSchema } from '../../lib/json-schema/compile.ts';
import type { Part } from '../part.ts';
import type { Check, CheckContext } from './context.ts';
import { policiesOf, policiesWithin } from './policies-of.ts';

/** Where a policy that does nothing in a place stands instead, by what its descriptor says. */
const ELSEWHERE: Readonly<Record<'routes' | 'ai' | 'mcp', Readonly<Record<string, string>>>> = {
  routes: { ai: 'ai and mcp', models: 'ai' },
  ai: { routes: 'API routes' },
  mcp: { routes: 'API routes', models: 'ai' },
};

/** Policies where they can do nothing, and what the policies themselves say against settings that their schemas let pass. */
export const checkPolicies: Check = (config, context) => {
  const { policies, fitsSchema, report } = context;
  const guarded: [keyof typeof ELSEWHERE, Part][] = [
    ...config.get('routes').items.map((route): ['routes', Part] => ['routes', route]),
    ['ai', config.get('ai')],
    ['mcp', config.get('mcp')],
  ];
  for (const [place, part] of guarded) {
    for (const [name, settings] of policiesOf(part)) {
      const only = ELSEWHERE[place][policies[name]?.on ?? place];
      if (only) report(settings, `stands on ${only} only: it would do nothing here`);
    }
    checkWhoIsAsked(part, context);
    checkClaims(part, context);
  }
  if (!fitsSchema) return;
  const consumers = config.get('consumers').value as readonly PolicyConsumer[];
  for (const [place, part] of guarded) {
    const route = part.get('name').text ?? place;
    for (const [name, settings] of policiesOf(part)) {
      const wrong = policies[name]?.check?.(settings.value as never, { compileSchema, consumers, route });
      if (wrong) report(settings, wrong);
    }
  }
};

/** Who may pass is asked of somebody whom no policy has named: nobody could. */
function checkWhoIsAsked(guarded: Part, { policies, report }: CheckContext): void {
  const entries = policiesOf(guarded);
  const rule = entries.find(([name]) => name === 'authorize');
  // What is misspelt is said already, and may be the one.
  const isAnswered = entries.some(
    ([name]) => policies[name] === undefined || policies[name].slot === 'identify',
  );
  if (rule && !isAnswered)
    report(
      rule[1],
      'lets nobody in: no policy beside it says who asks. Add one of auth-api-key, auth-jwt, auth-mtls, auth-basic',
    );
}

/** What says who asks, of what ships with the gateway: of these auth-jwt alone keeps claims, those that it lists. */
const SHIPPED: ReadonlySet<string> = new Set([
  'auth-any',
  'auth-api-key',
  'auth-basic',
  'auth-jwt',
  'auth-mtls',
]);
/** For whom a token is goes with it always. */
const ALWAYS_KEPT = 'aud';

/** A claim is asked for that no policy keeps: nobody ever has it. */
function checkClaims(guarded: Part, { policies, report }: CheckContext): void {
  const entries = policiesWithin(guarded);
  // What is misspelt may be the one that keeps it, and one of the operator's own keeps what it likes.
  const isKnown = ([name]: [string, Part]): boolean =>
    policies[name] !== undefined && (policies[name].slot !== 'identify' || SHIPPED.has(name));
  if (!entries.every(isKnown)) return;
  const lists = entries.filter(([name]) => name === 'auth-jwt').map(([, settings]) => settings.get('claims'));
  const kept = new Set([ALWAYS_KEPT, ...lists.flatMap(({ items }) => items.map(({ text }) => text))]);
  for (const [claim, at] of entries.flatMap(([name, settings]) => claimsAsked(name, settings))) {
    if (!kept.has(claim))
      report(at, 'asks for a claim that no policy beside it keeps: list it under claims of auth-jwt');
  }
}

function claimsAsked(name: string, settings: Part): [claim: string, at: Part][] {
  if (name === 'authorize') return settings.get('claims').entries;
  if (name !== 'rate-limit') return [];
  return [settings, ...settings.get('limits').items].flatMap((limit) => {
    const per = limit.get('per');
    const terms = (per.text ?? '').split('+').map((term) => term.trim());
    return terms.flatMap((term): [string, Part][] =>
      term.startsWith('claim:') ? [[term.slice('claim:'.length), per]] : [],
    );
  });
}
