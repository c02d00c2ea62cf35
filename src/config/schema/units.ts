import { type TUnsafe, Type } from 'typebox';
import type { WindowLength as Length } from '../../lib/calendar-window.ts';

/**
 * The units of the configuration file. Each is a string in the file and a number in the program: the loader converts
 * what the keyword `x-unit` marks, after validation. Durations become milliseconds, sizes bytes, percentages a
 * fraction of 1.
 */
export type Unit = 'duration' | 'size' | 'percent' | 'window';

interface UnitOptions {
  default?: string;
  description?: string;
}

const unit = <T = number>(
  name: Unit,
  pattern: string,
  examples: string[],
  options: UnitOptions,
): TUnsafe<T> => Type.Unsafe<T>({ type: 'string', 'x-unit': name, pattern, examples, ...options });

/** `250ms`, `5s`, `1m`, `2h`, `7d` → milliseconds. */
export const Duration = (options: UnitOptions = {}): TUnsafe<number> =>
  unit('duration', '^\\d+(\\.\\d+)?(ms|s|m|h|d)$', ['250ms', '5s', '1m', '7d'], options);

/** `512b`, `64kb`, `10mb`, `1gb` (powers of 1024) → bytes. */
export const Size = (options: UnitOptions = {}): TUnsafe<number> =>
  unit('size', '^\\d+(\\.\\d+)?(b|kb|mb|gb)$', ['64kb', '10mb'], options);

/** `50%` → 0.5. */
export const Percent = (options: UnitOptions = {}): TUnsafe<number> =>
  unit('percent', '^\\d+(\\.\\d+)?%$', ['50%', '99.9%'], options);

/** A window of the calendar: a duration from a second on, or `month`. → milliseconds or 'month' */
export const WindowLength = (options: UnitOptions = {}): TUnsafe<Length> =>
  unit<Length>('window', '^(\\d+(\\.\\d+)?(ms|s|m|h|d)|month)$', ['1h', '1d', 'month'], options);

/** Names that appear in logs, metrics and URLs. */
export const NAME_PATTERN = '^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$';
export const Name = (description: string) => Type.String({ pattern: NAME_PATTERN, description });
export const ByName = <S extends Parameters<typeof Type.Record>[1]>(schema: S, options: object = {}) =>
  Type.Record(Type.String({ pattern: NAME_PATTERN }), schema, { additionalProperties: false, ...options });

/** `host:port`; an IPv6 address stands in brackets. */
export const Address = (options: UnitOptions = {}) =>
  Type.String({
    pattern: '^(\\[[0-9A-Fa-f:.]+\\]|[A-Za-z0-9._-]+):\\d{1,5}$',
    examples: ['127.0.0.1:8080'],
    ...options,
  });

export const HttpUrl = (options: object = {}) =>
  Type.String({
    pattern: '^https?://[^\\s/?#@]+(/[^\\s?#]*)?$',
    examples: ['http://127.0.0.1:9001'],
    ...options,
  });

/** A string that is one of a few constants, so that a typo can be answered with "did you mean". */
export const OneOf = <const T extends string>(
  values: readonly T[],
  options: { default?: T; description?: string } = {},
) => Type.Unsafe<T>({ type: 'string', enum: [...values], ...options });

/** An object whose unknown keys are errors. */
export const Strict = <P extends Parameters<typeof Type.Object>[0]>(properties: P, options: object = {}) =>
  Type.Object(properties, { additionalProperties: false, ...options });
