import { type Static, Type } from 'typebox';
import { LineCounter, parseDocument } from 'yaml';
import { isObject, objectOf } from '../../lib/json.ts';
import { compileSchema } from '../../lib/json-schema/compile.ts';
import { PlantedFacts, plantedIn } from './planted-facts.ts';

const Text = Type.String({ minLength: 1, maxLength: 20_000 });
const FactName = Type.String({ pattern: '^[A-Za-z][A-Za-z0-9_-]{0,63}$' });
/** Looked for as whole words, in upper or lower case. */
const Value = Type.String({ minLength: 1, maxLength: 200 });
/** What is planted with a turn, by name: a later question must get it back. */
const Planted = Type.Record(FactName, Value);
const strict = { additionalProperties: false } as const;

const Say = Type.Object({ say: Text, plant: Type.Optional(Planted) }, strict);
const ToolStep = Type.Object(
  {
    say: Text,
    plant: Type.Optional(Planted),
    tool: Type.Object({ name: Type.String({ pattern: '^[a-z_]{1,64}$' }), result: Text }, strict),
  },
  strict,
);
const Ask = Type.Object(
  {
    ask: Text,
    /** What was planted, and not said otherwise since. */
    expect: FactName,
    /** What the answer must not have beside it, such as what an edit took back. */
    not: Type.Optional(Type.Array(Value, { minItems: 1, maxItems: 20 })),
  },
  strict,
);
const Distract = Type.Object({ distract: Type.Integer({ minimum: 1, maximum: 500 }) }, strict);
const Edit = Type.Object(
  {
    /** The user's turn that is said otherwise, from 1; what came after it is gone. */
    edit: Type.Object({ turn: Type.Integer({ minimum: 1 }), say: Text }, strict),
    plant: Type.Optional(Planted),
  },
  strict,
);
const AdminCall = Type.Object(
  {
    admin: Type.Object(
      {
        method: Type.Optional(Type.String({ pattern: '^(GET|POST|PUT|DELETE)$' })),
        path: Type.String({ pattern: '^/api/' }),
        body: Type.Optional(Type.Unknown()),
      },
      strict,
    ),
  },
  strict,
);
/** What serves is built anew and put into service, as by a reload. */
const Reload = Type.Object({ reload: Type.Literal(true) }, strict);
/** Something that whoever runs the probe has given a command for: a restart of Redis, a provider that fails. */
const Hook = Type.Object({ hook: FactName }, strict);

const Script = Type.Object(
  {
    name: Type.String({ pattern: '^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$' }),
    about: Type.Optional(Type.String()),
    system: Type.Optional(Text),
    /** Share of the planted facts that must come back; below it the probe has failed. */
    recall: Type.Optional(Type.Number({ minimum: 0, maximum: 1 })),
    steps: Type.Array(Type.Union([ToolStep, Say, Ask, Distract, Edit, AdminCall, Reload, Hook]), {
      minItems: 1,
      maxItems: 500,
    }),
  },
  strict,
);

/** A scripted conversation: what is said, what is done meanwhile, and what must come back. */
export type ProbeScript = Static<typeof Script>;
export type ProbeStep = ProbeScript['steps'][number];

/** A script that is none. The message says what is wrong, and where. */
export class ProbeProblem extends Error {
  override readonly name = 'ProbeProblem';
}

const check = compileSchema(Script);

/** @throws ProbeProblem */
export function readProbe(text: string, file: string): ProbeScript {
  const lines = new LineCounter();
  const document = parseDocument(text, { schema: 'core', lineCounter: lines, prettyErrors: false });
  const [error] = document.errors;
  if (error) throw new ProbeProblem(`${file}:${lines.linePos(error.pos[0]).line}: ${error.message}`);
  const value: unknown = document.toJS({ maxAliasCount: 100 });
  const wrong = withoutFact(value) ?? check(value) ?? outOfPlace(value as ProbeScript);
  if (wrong !== undefined) throw new ProbeProblem(`${file}: ${wrong}`);
  return value as ProbeScript;
}

/** A question without a fact, told in better words than that it is none of all kinds of steps. */
function withoutFact(script: unknown): string | undefined {
  const { steps } = objectOf(script);
  for (const [at, step] of Array.isArray(steps) ? steps.entries() : []) {
    if (!isObject(step) || !('ask' in step) || 'expect' in step) continue;
    const what = 'not' in step ? '`not` without `expect`' : 'no `expect`';
    return `/steps/${at} has ${what}: it names the planted fact that the answer must have`;
  }
  return undefined;
}

/** What is asked for though nobody has said it, or an edit has taken it back; and edits of what was never said. */
function outOfPlace({ steps }: ProbeScript): string | undefined {
  const facts = new PlantedFacts();
  const takenBack = new Map<string, number>();
  let turns = 0;
  for (const [at, step] of steps.entries()) {
    if ('edit' in step) {
      const { turn } = step.edit;
      if (turn > turns) return `/steps/${at} edits turn ${turn}, which no step before it says`;
      for (const name of facts.takeBack(turn)) takenBack.set(name, at);
      turns = turn;
    } else turns += turnsIn(step);
    for (const [name, value] of plantedIn(step)) facts.plant(name, value, turns);
    if (!('expect' in step) || facts.get(step.expect)) continue;
    const edited = takenBack.get(step.expect);
    const why =
      edited === undefined
        ? 'which no step before it plants'
        : `which the edit of /steps/${edited} took back`;
    return `/steps/${at} expects ${step.expect}, ${why}`;
  }
  return undefined;
}

/** How many turns of the user a step that is no edit is. */
function turnsIn(step: ProbeStep): number {
  if ('distract' in step) return step.distract;
  return 'say' in step || 'ask' in step ? 1 : 0;
}
