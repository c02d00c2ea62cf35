import { AjvCompiler } from '@fastify/ajv-compiler';
import { SerializerSelector } from '@fastify/fast-json-stringify-compiler';
import type { FastifyServerOptions } from 'fastify';

type Compilers = NonNullable<NonNullable<FastifyServerOptions['schemaController']>['compilersFactory']>;

/** What a compiler makes: a check leaves behind what was wrong. */
type Made = ((value: unknown) => unknown) & { errors?: unknown };
type Compile = (route: unknown) => Made;
type Factory = (...schemasAndOptions: unknown[]) => Compile;

/** Puts the work off to the first value. */
const lazily =
  (factory: Factory): Factory =>
  (...schemasAndOptions) => {
    const compile = factory(...schemasAndOptions);
    return (route) => {
      let made: Made | undefined;
      const use: Made = (value) => {
        made ??= compile(route);
        const result = made(value);
        use.errors = made.errors;
        return result;
      };
      return use;
    };
  };

/**
 * Fastify's own compilers of schemas, each put off to the first request that needs it: the admin API has some hundred
 * schemas, which cost a second of CPU at every start, and a process is asked for few of them.
 */
export const lazyCompilers = {
  buildValidator: lazily(AjvCompiler() as unknown as Factory),
  buildSerializer: lazily(SerializerSelector() as unknown as Factory),
} as unknown as Compilers;
