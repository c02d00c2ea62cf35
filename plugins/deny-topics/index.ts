import { RE2JS } from 're2js';
import { type Static, Type } from 'typebox';
import type { Exchange } from '../../src/contracts/exchange.ts';
import type { ModelGuard } from '../../src/contracts/guard.ts';
import type { PolicyDescriptor } from '../../src/contracts/policy.ts';
import { GatewayError } from '../../src/errors/gateway-error.ts';
import { answerTail, type Seen } from './answer-tail.ts';
import { plainOf } from './unseen.ts';

const Topic = Type.Object(
  {
    name: Type.String({ pattern: '^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$' }),
    words: Type.Array(Type.String({ minLength: 1, maxLength: 100 }), {
      default: [],
      description: 'Words or phrases, found as whole words in upper or lower case.',
    }),
    patterns: Type.Array(Type.String({ minLength: 1 }), {
      default: [],
      description: 'RE2 expressions: in time linear to the text.',
    }),
  },
  { additionalProperties: false },
);

const Settings = Type.Object(
  {
    topics: Type.Array(Topic, { minItems: 1 }),
    on: Type.Unsafe<'both' | 'requests' | 'answers'>({
      type: 'string',
      enum: ['both', 'requests', 'answers'],
      default: 'both',
    }),
    longest: Type.Integer({
      minimum: 1,
      maximum: 4096,
      default: 120,
      description: 'Characters of a stream that are held back, so that nothing shorter gets out in part.',
    }),
    mode: Type.Unsafe<'enforce' | 'report'>({
      type: 'string',
      enum: ['enforce', 'report'],
      default: 'enforce',
    }),
  },
  {
    additionalProperties: false,
    description:
      'Refuses requests that touch a topic, and ends answers that do (finish reason content_filter). On AI routes.',
  },
);
type Settings = Static<typeof Settings>;

const denyTopics: PolicyDescriptor<Settings> = {
  name: 'deny-topics',
  slot: 'inspect',
  on: 'ai',
  schema: Settings,
  check({ topics, on }, { route }) {
    if (route === 'mcp' && on === 'requests')
      return 'on: requests reads what models are asked, and mcp asks none: it would do nothing here';
    for (const { name, words, patterns } of topics) {
      if (words.length + patterns.length === 0) return `the topic ${name} has neither words nor patterns`;
      for (const pattern of patterns) {
        try {
          RE2JS.compile(pattern);
        } catch (error) {
          return `the topic ${name}: "${pattern}" is no regular expression (RE2): ${(error as Error).message}`;
        }
      }
    }
    return undefined;
  },
  create(settings) {
    const topics = settings.topics.map(({ name, words, patterns }) => ({
      name,
      pattern: RE2JS.compile([...words.map(wordPattern), ...patterns.map((each) => `(?:${each})`)].join('|')),
    }));
    const touched: Touched = ({ text, from, held }) =>
      topics.find(({ pattern }) => {
        const found = pattern.matcher(text);
        if (!found.find(from)) return false;
        return held === 0 || found.end() < text.length || found.start() < text.length - held;
      })?.name;
    return { guardModel: (exchange) => guard(settings, touched, exchange) };
  },
};

/** The first topic that a text touches. */
type Touched = (seen: Seen) => string | undefined;

const whole = (text: string): Seen => ({ text, from: 0, held: 0 });

/** Between the words of a phrase a line may end. */
function wordPattern(word: string): string {
  const phrase = word.split(/\s+/).map((each) => RE2JS.quote(each));
  return `(?i:(?:^|[^\\pL\\pN_])${phrase.join('[\\s\\pZ]+')}(?:$|[^\\pL\\pN_]))`;
}

function guard({ on, longest, mode }: Settings, touched: Touched, exchange: Exchange): ModelGuard {
  const noted = new Set<string>();
  const refused = (direction: 'request' | 'answer', rule: string, error: () => Error): Error | undefined => {
    if (!noted.has(rule + direction)) {
      noted.add(rule + direction);
      exchange.guards ??= [];
      exchange.guards.push({
        guard: 'deny-topics',
        action: mode === 'enforce' ? 'blocked' : 'reported',
        direction,
        rule,
      });
    }
    return mode === 'enforce' ? error() : undefined;
  };
  const refusal = (direction: 'request' | 'answer', seen: Seen): Error | undefined => {
    const rule = touched(seen);
    if (rule === undefined) return undefined;
    const error = () => new GatewayError('content_filtered', { cause: `deny-topics: ${rule}` });
    return refused(direction, rule, error);
  };
  const guarded: ModelGuard = {};
  if (on !== 'answers') {
    guarded.onRequest = (request) => {
      const { unreadable } = request;
      if (unreadable) return refused('request', 'unreadable', () => unreadable);
      for (const { text, role, isKept } of request.texts) {
        // The model's own answer, and a summary of it: its conversation would end here for good.
        if (isKept && KEPT_OF_MODELS.has(role)) continue;
        const plain = plainOf(text);
        const error =
          refusal('request', whole(text)) ?? (plain === text ? undefined : refusal('request', whole(plain)));
        if (error) return error;
      }
      return undefined;
    };
  }
  if (on !== 'requests') guarded.openAnswer = () => answerTail(longest, (seen) => refusal('answer', seen));
  return guarded;
}

const KEPT_OF_MODELS: ReadonlySet<string> = new Set(['assistant', 'system']);

export default denyTopics;
