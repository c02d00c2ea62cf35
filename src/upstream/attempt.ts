import type { IncomingHttpHeaders } from 'node:http';
import { Readable } from 'node:stream';
import { type Dispatcher, errors } from 'undici';
import type { HeaderBag } from '../contracts/policy.ts';
import { GatewayError } from '../errors/gateway-error.ts';
import { grpcEnd, grpcStatusIn, isFailedGrpc, isGrpc } from '../lib/grpc-status.ts';
import type { BreakerPass } from './breaker.ts';
import { isOwnLack } from './failure.ts';
import { neverEarly } from './fast-timers.ts';
import type { CancelSignal } from './signal.ts';
import type { Target } from './target.ts';
import type { AwaitsHead, CallOptions } from './unasked-continue.ts';
import { UnprocessedError } from './unprocessed.ts';

export interface UpstreamCall {
  target: Target;
  /** Leave of the upstream's breaker, which is told what came of it. */
  pass?: BreakerPass;
  method: string;
  /** Path and query. */
  path: string;
  headers: HeaderBag;
  body: Buffer | Readable | null;
  signal: CancelSignal;
  /** Milliseconds from the request sent to the response head. */
  headersTimeoutMs: number;
  /** Milliseconds of the longest silence inside the body. */
  bodyTimeoutMs: number;
  /** Told when it is sent: until then nobody can have read any of it. */
  onSent?(): void;
}

/** Slows the upstream down while its reader is slow, or ends the call. */
export interface AnswerFlow {
  pause(): void;
  resume(): void;
  abort(reason: Error): void;
}

/** Takes an answer while it comes. After `onEnd` or `onFailure` nothing more is called. */
export interface AnswerReceiver {
  /** 103 and the like, before the answer itself. */
  onInterim(status: number, headers: IncomingHttpHeaders): void;
  /** @param headers by lower-case name; the receiver's to change */
  onHead(status: number, headers: IncomingHttpHeaders, attempt: Attempt): void;
  onData(chunk: Buffer): void;
  onEnd(trailers: IncomingHttpHeaders): void;
  /** @param error undici's, or the reason of who ended the call: see `failure.ts` for what it means */
  onFailure(error: Error, attempt?: Attempt): void;
}

/** Interim answers that one answer may be preceded by; an upstream could go on with them without end. */
const MOST_INTERIM = 32;

/** Milliseconds: of longer ones the second that undici may be late is little, and its timers are cheaper. */
const EXACT_BELOW_MS = 10_000;

/** Bytes of chunks that are handed on as one, at most. */
const MOST_JOINED = 16 * 1024;
const SOON = Promise.resolve();

/** Answers that have no body, whatever their Content-Length says (RFC 9110 section 6.4.1). */
export const isBodiless = (status: number): boolean => status === 204 || status === 304;

/** One request on its way to one target, and its answer on the way back. */
export class Attempt implements AnswerFlow, AwaitsHead, Dispatcher.DispatchHandler {
  readonly #call: UpstreamCall;
  /** Who takes what comes next. */
  receiver: AnswerReceiver;
  readonly #began = performance.now();
  #controller: Dispatcher.DispatchController | undefined;
  #status = 0;
  #headMs = -1;
  #interim = 0;
  /** Of a gRPC call: its status, where it stands in the head; -1: it does not. */
  #grpcStatus = -1;
  #isGrpc = false;
  #isOver = false;
  #reason: Error | undefined;
  #headTimer: NodeJS.Timeout | undefined;
  /** Of an answer in chunks: those that came in one read of the connection, and go on as one; undefined: it has a length. */
  #chunks: Buffer[] | undefined;
  #bytes = 0;
  #isDue = false;
  /** Whether any of the request may have reached the target. */
  wasSent = false;

  constructor(call: UpstreamCall, receiver: AnswerReceiver) {
    this.#call = call;
    this.receiver = receiver;
  }

  /** Of undici's side: whether what comes next belongs to the head, or to an interim answer before it. */
  get awaitsHead(): boolean {
    return this.#status === 0;
  }

  /** Milliseconds from its start to the head of its answer, waiting for a connection included; -1 before it. */
  get headMs(): number {
    return this.#headMs;
  }

  /** What came of it is what came of the request. */
  counts(): void {
    this.#call.pass?.counts();
  }

  get target(): Target {
    return this.#call.target;
  }

  start(): void {
    const { signal, target } = this.#call;
    target.begin();
    if (signal.aborted) {
      this.#onAbort();
      return;
    }
    signal.once('abort', this.#onAbort);
    target.pool.dispatch(dispatchOptions(this.#call, this), this);
  }

  readonly #onAbort = (): void => this.abort(this.#call.signal.reason as Error);

  pause(): void {
    this.#controller?.pause();
  }

  resume(): void {
    this.#controller?.resume();
  }

  abort(reason: Error): void {
    if (this.#isOver) return;
    this.#reason = reason;
    if (this.#controller) this.#controller.abort(reason);
    else this.#fail(reason);
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    // Given up while its connection was being opened.
    if (this.#isOver) {
      controller.abort(this.#reason as Error);
      return;
    }
    this.#controller = controller;
    this.wasSent = true;
    this.#call.onSent?.();
    if (isTimedHere(this.#call)) this.#headTimer = setTimeout(onLateHead, this.#call.headersTimeoutMs, this);
  }

  /** What has come meanwhile, while the process was busy, is read first. */
  onLateHead(): void {
    setImmediate(() => {
      if (!this.#isOver && this.awaitsHead) this.#controller?.abort(new errors.HeadersTimeoutError());
    });
  }

  onResponseStart(
    controller: Dispatcher.DispatchController,
    status: number,
    headers: IncomingHttpHeaders,
  ): void {
    if (status < 200) {
      this.#interim++;
      this.#headTimer?.refresh();
      if (this.#interim > MOST_INTERIM) controller.abort(invalid('interim answers without end'));
      else this.receiver.onInterim(status, headers);
      return;
    }
    if (status > 599) {
      controller.abort(invalid(`status ${status}`));
      return;
    }
    // They are parts of the piece that was read first, 64 kB with what came behind the head, and would hold all of it.
    controller.rawHeaders = null;
    this.#status = status;
    clearTimeout(this.#headTimer);
    this.#headMs = performance.now() - this.#began;
    this.#isGrpc = isGrpc(this.#call.headers) && isGrpc(headers);
    this.#grpcStatus = grpcStatusIn(headers);
    if (status < 500) this.#call.pass?.begun();
    else this.#call.pass?.end(false);
    // Before the head's own turn to be sent alone: what came with it goes with it.
    if (headers['transfer-encoding'] !== undefined) {
      this.#chunks = [];
      this.#handOnSoon();
    }
    try {
      this.receiver.onHead(status, headers, this);
    } catch (cause) {
      // undici would hand it back as if it were the upstream's failure.
      controller.abort(cause instanceof GatewayError ? cause : new GatewayError('internal', { cause }));
    }
  }

  onResponseData(_controller: Dispatcher.DispatchController, chunk: Buffer): void {
    const chunks = this.#chunks;
    if (chunks === undefined) {
      this.receiver.onData(chunk);
      return;
    }
    chunks.push(chunk);
    this.#bytes += chunk.length;
    if (this.#bytes >= MOST_JOINED) this.#handOn();
    else this.#handOnSoon();
  }

  #handOnSoon(): void {
    if (this.#isDue) return;
    this.#isDue = true;
    SOON.then(() => {
      this.#isDue = false;
      if (this.#isOver) return;
      try {
        this.#handOn();
      } catch (cause) {
        this.#controller?.abort(new GatewayError('internal', { cause }));
      }
    });
  }

  #handOn(): void {
    const chunks = this.#chunks;
    if (chunks === undefined || chunks.length === 0) return;
    const bytes = chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks, this.#bytes);
    chunks.length = 0;
    this.#bytes = 0;
    this.receiver.onData(bytes);
  }

  onResponseEnd(_controller: Dispatcher.DispatchController, trailers: IncomingHttpHeaders): void {
    if (this.#isOver) return;
    this.#handOn();
    this.#end(this.#isWell(trailers));
    this.receiver.onEnd(trailers);
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    if (this.#isOver) return;
    // undici takes the Content-Length of a 304 for a promise of so many bytes.
    if (isBodiless(this.#status)) {
      this.#end(true);
      this.receiver.onEnd({});
    } else {
      this.#fail(error);
    }
  }

  /** Whether an answer that came whole means that the target did its part. gRPC says so at its end. */
  #isWell(trailers: IncomingHttpHeaders): boolean {
    if (this.#status >= 500) return false;
    if (!this.#isGrpc) return true;
    const status = grpcEnd(this.#status, this.#grpcStatus, trailers);
    return status < 0 || !isFailedGrpc(status);
  }

  #end(ok: boolean): void {
    this.#settle();
    this.#call.pass?.end(ok);
    this.#call.target.end({ ok, ms: this.#headMs });
  }

  #fail(error: Error): void {
    // Of what we end ourselves nobody waits for more.
    if (this.#reason === undefined) this.#handOn();
    this.#settle();
    if (error instanceof UnprocessedError) this.wasSent = false;
    const { body, target, pass } = this.#call;
    const isStreamed = body instanceof Readable;
    // Ended by us, by the client's own body or for want of a socket, it does not mean that the target failed.
    const isTargets = this.#reason === undefined && !(isStreamed && body.errored) && !isOwnLack(error);
    const ms = this.#headMs < 0 ? performance.now() - this.#began : this.#headMs;
    // How long it took at least is known still, unless the client took the time to send its request.
    target.end(isTargets || !isStreamed ? { ok: isTargets ? false : undefined, ms } : undefined);
    if (this.#headMs < 0) pass?.end(isTargets ? false : undefined);
    else if (isTargets) pass?.broke();
    else pass?.end(true);
    this.receiver.onFailure(error, this);
  }

  #settle(): void {
    this.#isOver = true;
    clearTimeout(this.#headTimer);
    this.#call.signal.off('abort', this.#onAbort);
  }
}

const invalid = (why: string): GatewayError =>
  new GatewayError('upstream_invalid', { cause: new Error(why) });

const onLateHead = (attempt: Attempt): void => attempt.onLateHead();

/**
 * Whether the time for the head is counted by its attempt, to the millisecond. Of a streamed body only the connection knows
 * since when all of it is sent; the calls of HTTP/2 count exactly themselves.
 */
const isTimedHere = ({ headersTimeoutMs, body, target }: UpstreamCall): boolean =>
  headersTimeoutMs < EXACT_BELOW_MS && headersTimeoutMs > 0 && !target.isHttp2 && !(body instanceof Readable);

function dispatchOptions(call: UpstreamCall, caller: AwaitsHead): CallOptions {
  const { isHttp2 } = call.target;
  const options: CallOptions = {
    caller,
    path: call.path,
    method: call.method as Dispatcher.HttpMethod,
    headers: call.headers as Record<string, string | string[]>,
    body: call.body,
    headersTimeout: isHttp2
      ? call.headersTimeoutMs
      : isTimedHere(call)
        ? 0
        : neverEarly(call.headersTimeoutMs),
    bodyTimeout: isHttp2 ? call.bodyTimeoutMs : neverEarly(call.bodyTimeoutMs),
  };
  // undici takes the TLS name from the Host header, which is the client's; the certificate is the target's.
  if (call.target.servername !== '') options.servername = call.target.servername;
  return options;
}
