import { type Static, Type } from 'typebox';
import { LineCounter, parseDocument } from 'yaml';
import { compileSchema } from '../../lib/json-schema/compile.ts';

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
/** The revision in force is applied anew, as after an edit of the file. */
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
  const breach = check(value);
  if (breach !== undefined) throw new ProbeProblem(`${file}: ${breach}`);
  const script = value as ProbeScript;
  const planted = new Set<string>();
  for (const [at, step] of script.steps.entries()) {
    for (const name of Object.keys('plant' in step ? (step.plant ?? {}) : {})) planted.add(name);
    if ('expect' in step && !planted.has(step.expect))
      throw new ProbeProblem(`${file}: /steps/${at} expects ${step.expect}, which no step before it plants`);
  }
  return script;
}
