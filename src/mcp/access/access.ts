import type { McpServerConfig } from '../../config/schema/index.ts';
import type { Exchange } from '../../contracts/exchange.ts';
import { leadsElsewhere } from './uri-walk.ts';

type Rule = McpServerConfig['allow'][number];
/** What can be allowed. Resources go by their URI. */
export type Kind = 'tools' | 'prompts' | 'resources';

/** Who asks, as far as rules go by it. */
export type Asker = Pick<Exchange, 'consumer' | 'consumerGroups'>;

interface Names {
  readonly exact: ReadonlySet<string>;
  readonly beginnings: readonly string[];
}

interface Compiled {
  isFor(asker: Asker): boolean;
  readonly names: Readonly<Record<Kind, Names>>;
}

function namesOf(patterns: readonly string[]): Names {
  const [starred, exact] = [true, false].map((has) => patterns.filter((each) => each.endsWith('*') === has));
  return { exact: new Set(exact), beginnings: (starred ?? []).map((each) => each.slice(0, -1)) };
}

function compiled({ anyone, consumers = [], groups = [], tools, prompts, resources }: Rule): Compiled {
  const [known, grouped] = [new Set(consumers), new Set(groups)];
  return {
    isFor: ({ consumer, consumerGroups }) =>
      anyone ||
      (consumer !== '' && (known.has(consumer) || consumerGroups.some((group) => grouped.has(group)))),
    names: { tools: namesOf(tools), prompts: namesOf(prompts), resources: namesOf(resources) },
  };
}

function has({ exact, beginnings }: Names, kind: Kind, name: string): boolean {
  if (exact.has(name)) return true;
  const beginning = beginnings.filter((each) => name.startsWith(each));
  if (beginning.length === 0) return false;
  // A beginning says where a resource lies only if the rest does not lead elsewhere. Where all is allowed it may.
  return kind !== 'resources' || beginning.includes('') || !leadsElsewhere(name);
}

/** Who may use what of one server: what no rule allows is refused. */
export class Access {
  readonly #rules: readonly Compiled[];
  /** Whether everybody may use all of a kind: then a list is the same for all. */
  readonly isOpen: Readonly<Record<Kind, boolean>>;

  constructor(rules: readonly Rule[]) {
    this.#rules = rules.map(compiled);
    const isOpen = (kind: Kind): boolean => rules.some((rule) => rule.anyone && rule[kind].includes('*'));
    this.isOpen = { tools: isOpen('tools'), prompts: isOpen('prompts'), resources: isOpen('resources') };
  }

  /** Whether there is any rule for who asks. */
  knows(exchange: Asker): boolean {
    return this.#rules.some((rule) => rule.isFor(exchange));
  }

  allows(exchange: Asker, kind: Kind, name: string): boolean {
    return this.#rules.some((rule) => rule.isFor(exchange) && has(rule.names[kind], kind, name));
  }

  /** Whether a rule allows all of a kind: also what the protocol does not name. */
  allowsAll(exchange: Asker, kind: Kind): boolean {
    return this.allows(exchange, kind, '*');
  }
}
