import type { Tool } from '@modelcontextprotocol/server';
import { LRUCache } from 'lru-cache';
import type { SchemaCheck } from '../../contracts/policy.ts';
import { isObject } from '../../lib/json.ts';
import { compileSchema } from '../../lib/json-schema/compile.ts';
import type { Logger } from '../../telemetry/logger.ts';
import { expandedSize } from './schema-size.ts';
import { naturalOutput } from './tool-digest.ts';

/** Schemas of one server that are kept, and the characters that one may have: what is beyond them is not checked. */
const MOST = 500;
const LONGEST = 65_536;
/** Nodes of a schema with its references followed: a server writes it, and every result is held against it. */
const MOST_NODES = 20_000;

interface Declared {
  readonly text: string;
  readonly schema: unknown;
  /** Compiled for the first result; null: it can't be. */
  check: SchemaCheck | null | undefined;
}

/** What a tool's answer says beside its content, as far as its schema is about it. */
export interface CheckedResult {
  readonly structuredContent?: unknown;
  readonly isError?: unknown;
  readonly resultType?: unknown;
  readonly [key: string]: unknown;
}

/**
 * What the tools of a server have said that they answer (`outputSchema`). A result that is not so is passed on and recorded,
 * as the answer of a route that breaks its contract is: whoever built on the one has to hear of the other.
 */
export class ResultSchemas {
  readonly #server: string;
  readonly #log: Logger;
  readonly #byTool = new LRUCache<string, Declared>({ max: MOST });

  constructor(server: string, log: Logger) {
    this.#server = server;
    this.#log = log;
  }

  /** @param tools as their server lists them now */
  learn(tools: readonly Tool[]): void {
    for (const { name, outputSchema } of tools) {
      const schema = naturalOutput(outputSchema);
      const text = schema === undefined ? '' : JSON.stringify(schema);
      if (text === '' || text.length > LONGEST) this.#byTool.delete(name);
      else if (this.#byTool.get(name)?.text !== text)
        this.#byTool.set(name, { text, schema, check: undefined });
    }
  }

  /** Whether a tool says that it answers something else than an object. */
  isNoObject(tool: string): boolean {
    const declared = this.#byTool.get(tool);
    return declared !== undefined && isObject(declared.schema) && declared.schema.type !== 'object';
  }

  /** Where and how a result breaks its tool's schema, in words of the schema only; undefined if it does not, or has none. */
  breachOf(tool: string, { structuredContent, isError, resultType }: CheckedResult): string | undefined {
    // An error has a form of its own, and a question is no answer yet.
    if (isError === true || (resultType !== undefined && resultType !== 'complete')) return undefined;
    const declared = this.#byTool.get(tool);
    if (declared === undefined) return undefined;
    const check = declared.check === undefined ? this.#compiled(tool, declared) : declared.check;
    if (check === null) return undefined;
    if (structuredContent === undefined) return '/ is missing';
    const breach = check(structuredContent);
    // What is no object comes as the field of one in 2025-11-25, as its schema does.
    const isWrapped = isObject(structuredContent) && Object.keys(structuredContent).join() === 'result';
    return breach !== undefined && isWrapped ? check(structuredContent.result) && breach : breach;
  }

  #compiled(tool: string, declared: Declared): SchemaCheck | null {
    try {
      if (expandedSize(declared.schema) > MOST_NODES)
        throw new Error('its references lead to too much, or back');
      declared.check = compileSchema(declared.schema);
    } catch (error) {
      this.#log.warn(
        { err: error, server: this.#server, tool },
        'the outputSchema of a tool can’t be used: its results are not checked',
      );
      declared.check = null;
    }
    return declared.check;
  }
}
