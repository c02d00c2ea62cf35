import type { JsonObject } from '../../../contracts/model-request.ts';
import type { ToolUses } from '../../../contracts/usage.ts';
import { objectOf, objectsOf, textOf } from '../../../lib/json.ts';

/** What a response came to in tools that OpenAI runs itself and sells by the piece, as its items come. */
export class ItemUses {
  #searches = 0;
  #fileSearches = 0;
  /** Their ids; most have none. */
  #containers: Set<string> | undefined;

  /** @returns whether the item is of such a tool */
  take(item: JsonObject): boolean {
    switch (item.type) {
      case 'web_search_call':
        // To open a page, or to find something in it, is no search.
        if ((objectOf(item.action).type ?? 'search') === 'search') this.#searches++;
        return true;
      case 'file_search_call':
        // Each call is one, however many questions it has.
        this.#fileSearches++;
        return true;
      case 'code_interpreter_call':
        this.#ranIn(item.container_id);
        return true;
      case 'shell_call':
        this.#ranIn(objectOf(item.environment).container_id);
        return true;
      default:
        return false;
    }
  }

  /**
   * What all of them came to; what it came to none of is left out.
   * @param named containers that were made, and billed, before
   */
  uses(named: ReadonlySet<string>): Partial<ToolUses> {
    const containers = this.#containers?.difference(named).size ?? 0;
    return {
      ...(this.#searches > 0 && { searches: this.#searches }),
      ...(this.#fileSearches > 0 && { fileSearches: this.#fileSearches }),
      ...(containers > 0 && { containers }),
    };
  }

  /** A shell may be the client's own. */
  #ranIn(container: unknown): void {
    if (typeof container !== 'string') return;
    this.#containers ??= new Set();
    this.#containers.add(container);
  }
}

/** The containers that a request's tools name, which a response repeats. */
export function containersNamed({ tools }: JsonObject): ReadonlySet<string> {
  if (!Array.isArray(tools) || tools.length === 0) return NONE;
  return new Set(objectsOf(tools).map(namedBy));
}

const namedBy = ({ container, environment }: JsonObject): string =>
  textOf(container) || textOf(objectOf(environment).container_id);

const NONE: ReadonlySet<string> = new Set();
