import type { Tool } from '@modelcontextprotocol/server';
import { LRUCache } from 'lru-cache';

/** Tools of one server that are kept, and the characters that a schema of theirs may have. */
const MOST = 500;
const LONGEST = 65_536;
/** Names the header in which an argument is to stand beside the body (2026-07-28). */
const MARK = '"x-mcp-header"';

/** Tools of a server that want some of their arguments in headers, as far as a call needs to know of them. */
export class RoutedTools {
  readonly #byName = new LRUCache<string, Tool>({ max: MOST });

  /** @param tools as their server lists them now */
  learn(tools: readonly Tool[]): void {
    for (const { name, inputSchema } of tools) {
      const text = JSON.stringify(inputSchema) ?? '';
      if (text.length > LONGEST || !text.includes(MARK)) this.#byName.delete(name);
      else this.#byName.set(name, { name, inputSchema });
    }
  }

  /** The name and the arguments of such a tool; undefined: it wants none there, as far as is known. */
  of(tool: string): Tool | undefined {
    return this.#byName.get(tool);
  }
}
