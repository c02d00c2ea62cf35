import type { CompileSchema, SchemaCheck } from '../contracts/policy.ts';
import { compileSchema } from '../lib/json-schema/compile.ts';
import { type Lease, Leases } from '../lib/leases.ts';

/** The schemas of one generation. */
export interface GenerationSchemas {
  readonly compile: CompileSchema;
  release(): void;
}

/**
 * Compiled schemas by what they say, for as long as a generation uses them: a reload compiles what has changed and
 * nothing else (some milliseconds each). A check keeps nothing of what it has seen, so that generations can share it.
 */
export class SharedSchemas {
  readonly #checks = new Leases<SchemaCheck>(() => undefined);

  open(): GenerationSchemas {
    const leases: Lease<SchemaCheck>[] = [];
    return {
      compile: (schema) => {
        const lease = this.#checks.lease(JSON.stringify(schema), () => compileSchema(schema));
        leases.push(lease);
        return lease.value;
      },
      release() {
        for (const lease of leases.splice(0)) lease.release();
      },
    };
  }

  /** How many are in use. */
  get size(): number {
    return this.#checks.size;
  }
}
