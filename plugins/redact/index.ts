import { RE2JS } from 're2js';
import { type Static, Type } from 'typebox';
import type { Exchange } from '../../src/contracts/exchange.ts';
import type { AnswerTextKind, ModelGuard } from '../../src/contracts/guard.ts';
import {
  DATA_KINDS,
  type DataKind,
  type Finder,
  KIND_NAME,
  type PersonalData,
} from '../../src/contracts/personal-data.ts';
import type { PolicyDescriptor } from '../../src/contracts/policy.ts';
import { JsonStrings } from './json-strings.ts';
import { Placeholders } from './placeholders.ts';

const Settings = Type.Object(
  {
    kinds: Type.Array(Type.Unsafe<DataKind>({ type: 'string', enum: [...DATA_KINDS] }), {
      default: [...DATA_KINDS],
      uniqueItems: true,
      description: 'Cards and IBANs are held to their checksums.',
    }),
    patterns: Type.Record(Type.String({ pattern: KIND_NAME }), Type.String({ minLength: 1 }), {
      default: {},
      additionalProperties: false,
      description: 'Further kinds: an RE2 expression each, of which a find is at most 300 characters long.',
    }),
    answers: Type.Boolean({
      default: true,
      description: 'Whether data that a model writes, and that was not in the request, is replaced as well.',
    }),
    mode: Type.Unsafe<'enforce' | 'report'>({
      type: 'string',
      enum: ['enforce', 'report'],
      default: 'enforce',
      description: 'report: nothing is changed, and what would be is recorded.',
    }),
  },
  {
    additionalProperties: false,
    description:
      'Takes personal data out of what models read: [EMAIL_1] stands in its place, and the data in the answer again. On AI routes.',
  },
);
type Settings = Static<typeof Settings>;

const redact: PolicyDescriptor<Settings> = {
  name: 'redact',
  slot: 'inspect',
  on: 'ai',
  schema: Settings,
  check({ patterns }) {
    for (const [name, source] of Object.entries(patterns)) {
      if ((DATA_KINDS as readonly string[]).includes(name))
        return `patterns.${name}: there is a kind of this name already`;
      try {
        RE2JS.compile(source);
      } catch (error) {
        return `patterns.${name}: is no regular expression (RE2): ${(error as Error).message}`;
      }
    }
    return undefined;
  },
  create(settings, { personalData }) {
    const custom = Object.entries(settings.patterns).map(([name, source]) =>
      personalData.custom(name, source),
    );
    const finders = [...custom, ...settings.kinds.map((kind) => personalData.kinds[kind])];
    const breaks = custom.length === 0;
    return { guardModel: (exchange) => guard(settings, personalData, finders, breaks, exchange) };
  },
};

/** What may be a number of JSON, or a part of one, with what stands around it there: other words in its place would be no JSON. */
const NUMBER = /^[\s,:[\]{}]*-?\d*(?:\.\d*)?(?:[eE][-+]?\d*)?[\s,:[\]{}]*$/;

function guard(
  { answers, mode }: Settings,
  { placeholder, scanner: scannerOf }: PersonalData,
  finders: readonly Finder[],
  breaks: boolean,
  exchange: Exchange,
): ModelGuard {
  const placeholders = new Placeholders();
  const changes = mode === 'enforce';
  const noted = new Set<string>();
  const note = (
    direction: 'request' | 'answer',
    rule: string,
    action: 'blocked' | 'changed' = 'changed',
  ): void => {
    if (noted.has(`${direction} ${rule}`)) return;
    noted.add(`${direction} ${rule}`);
    exchange.guards ??= [];
    exchange.guards.push({ guard: 'redact', action: changes ? action : 'reported', direction, rule });
  };
  return {
    onRequest(request) {
      if (request.unreadable) {
        note('request', 'unreadable', 'blocked');
        return changes ? request.unreadable : undefined;
      }
      const { texts } = request;
      placeholders.avoid(texts.map(({ text }) => text));
      for (const each of texts) {
        const scanner = scannerOf(finders, breaks, (name, value) => {
          note('request', name);
          return changes ? placeholders.of(name, value) : value;
        });
        const text = scanner.take(each.text) + scanner.end();
        if (text !== each.text) each.text = text;
      }
      return undefined;
    },
    restored: (text) => placeholders.restoredIn(text),
    openAnswer(kind: AnswerTextKind, isTold = false) {
      // Signed as the model wrote it: what it holds of the request are placeholders. And what was told holds none.
      if (kind === 'reasoning' || isTold) return undefined;
      const replaced = (name: string, value: string, found: (rule: string) => void): string => {
        if (name === placeholder.name) return placeholders.restored(value);
        // The caller has said it.
        if (placeholders.knows(value)) return value;
        found(name);
        return changes ? `[${name.toUpperCase()}]` : value;
      };
      const replace = (name: string, value: string): string =>
        replaced(name, value, (rule) => note('answer', rule));
      const finds = answers ? [placeholder, ...finders] : [placeholder];
      const scanner = scannerOf(finds, breaks, replace);
      if (kind !== 'arguments') return scanner;
      const outside = scannerOf(finds, breaks, (name, value) =>
        NUMBER.test(value) ? value : replace(name, value),
      );
      // A number is data as well where it stands in no JSON, which is known at the end.
      const numbers = new Set<string>();
      const asText = scannerOf(finds, breaks, (name, value) =>
        NUMBER.test(value) ? replaced(name, value, (rule) => numbers.add(rule)) : replace(name, value),
      );
      return new JsonStrings(scanner, outside, asText, () => {
        for (const rule of numbers) note('answer', rule);
      });
    },
  };
}

export default redact;
