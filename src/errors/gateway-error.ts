import { ERRORS, type ErrorCode } from './table.ts';

export interface GatewayErrorOptions {
  /** Added to the answer's text: specific, and safe to show to anybody. */
  detail?: string;
  /** For the log only: which rule, which upstream error. */
  cause?: unknown;
  /** Sent with the answer. */
  headers?: Readonly<Record<string, string>>;
  /** The field of the request that is wrong. */
  param?: string;
  /** Everything that is wrong, each with its place: safe to show to whoever sent it. */
  problems?: readonly object[];
}

/** A request ends with this: a row of the error table, with what is particular to the case. */
export class GatewayError extends Error {
  override readonly name = 'GatewayError';
  readonly code: ErrorCode;
  /** The status of the answer, if one can still be sent (502 for what happens in the middle of an answer). */
  readonly statusCode: number;
  readonly isRetryable: boolean;
  readonly detail: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly param: string | null;
  readonly problems: readonly object[];

  constructor(code: ErrorCode, options: GatewayErrorOptions = {}) {
    const row = ERRORS[code];
    super(options.detail ? `${row.text} ${options.detail}` : row.text, { cause: options.cause });
    this.code = code;
    this.statusCode = row.status || 502;
    this.isRetryable = row.retryable;
    this.detail = options.detail ?? '';
    this.headers = options.headers ?? NO_HEADERS;
    this.param = options.param ?? null;
    this.problems = options.problems ?? NO_PROBLEMS;
  }
}

const NO_HEADERS: Readonly<Record<string, string>> = Object.freeze({});
const NO_PROBLEMS: readonly object[] = Object.freeze([]);
