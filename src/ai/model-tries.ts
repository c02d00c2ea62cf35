import type { AnswerFacts } from '../contracts/usage.ts';
import { GatewayError } from '../errors/gateway-error.ts';
import type { ErrorCode } from '../errors/table.ts';
import type { BreakerPass } from '../upstream/breaker.ts';
import { failureBeforeAnswer } from '../upstream/failure.ts';
import { backoffMs, isWorthRetry } from '../upstream/retry-rule.ts';
import { askingOf } from './asking.ts';
import { attempt, noteDeployment, type Seat } from './attempt.ts';
import { billEarlier } from './bill.ts';
import type { ChatCall, CommittedAnswer, PreparedCall } from './chat-call.ts';
import { countTokens, isCount } from './count-tokens.ts';
import type { Model } from './models/catalog.ts';
import type { Credential } from './models/credential.ts';
import { type Deployment, restingUntil } from './models/deployment.ts';
import type { Asking } from './models/selection.ts';
import { coolDown, type Failure, oursToMend, UNSAID, verdictOf } from './models/verdict.ts';
import { NoToken } from './no-token.ts';
import { namesKey } from './own-refusal.ts';
import { PartFacts } from './part-facts.ts';
import { pause } from './pause.ts';
import { prepareCall } from './prepared-call.ts';
import { RejectedAnswer } from './rejected-answer.ts';
import { waitOf } from './retry-delay.ts';

/** Failures that are the request's own: the next model would say the same, unless the config knows better (`retry.on`). */
const CLIENTS_FAULT: ReadonlySet<number> = new Set([
  400, 405, 406, 409, 410, 411, 413, 414, 415, 416, 417, 422, 451,
]);

/** Whether a refusal says what is wrong with the request. */
export const isClientsFault = (answer: CommittedAnswer): boolean =>
  CLIENTS_FAULT.has(answer.statusCode) && !(answer.kind === 'whole' && answer.isNobody === true);

/** What came of asking a model. */
export type Tried =
  | { readonly kind: 'answered'; readonly answer: CommittedAnswer }
  /** A provider said no, in words meant for the client. */
  | { readonly kind: 'refused'; readonly answer: CommittedAnswer }
  | { readonly kind: 'failed'; readonly error: GatewayError }
  /** Nobody was asked: none of its targets can take the request, or a breaker is open. */
  | { readonly kind: 'not-asked'; readonly error: GatewayError };

type Asked = Exclude<Tried, { kind: 'not-asked' }>;

/**
 * Asks one model: a target, and if that fails and a retry is worth it, another target or key; the same one again only
 * when there is no other, after a pause. The provider is asked once a try: nothing beneath this tries again.
 */
export class ModelTries {
  readonly #call: ChatCall;
  readonly #model: Model;
  readonly #asking: Asking;
  readonly #prepared = new Map<Deployment, PreparedCall>();
  /** Targets that have failed, or can't be asked. */
  readonly #avoid = new Set<Deployment>();
  readonly #tried = new Set<Credential>();
  /** Of those to avoid, the ones that were asked. */
  readonly #failedOnes = new Set<Deployment>();
  /** Those that rest are asked as well. */
  #leastBad = false;
  #obstacle: GatewayError | undefined;
  /** Can't carry the request. */
  #unable: Deployment | undefined;

  constructor(call: ChatCall, model: Model) {
    this.#call = call;
    this.#model = model;
    this.#asking = askingOf(call);
  }

  /** @param leastBad all targets rest: those that rest for the shortest time are asked nevertheless */
  async run(leastBad: boolean): Promise<Tried> {
    const { retry, retries } = this.#model;
    if (retry) retries.count();
    this.#leastBad = leastBad;
    const first = this.#nextSeat();
    if (!first) return await this.#unasked();
    let seat = first;
    for (let attempts = 1; ; attempts++) {
      const began = this.#call.ports.clock.monotonic();
      const { asked, failure } = await this.#ask(seat, began);
      if (!failure || this.#call.cancel.aborted) return asked;
      const mayRetry = attempts < (retry?.attempts ?? 1);
      const next: Seat | undefined = mayRetry ? await this.#retry(seat, failure, attempts) : undefined;
      this.#noteFailure(seat, failure.reason, next !== undefined);
      if (!next) return asked;
      this.#call.exchange.retries++;
      seat = next;
    }
  }

  /** Tokens can be counted here, too, where a provider doesn't. */
  async #unasked(): Promise<Tried> {
    const call = this.#call;
    if (isCount(call.format.name) && this.#unable) {
      noteDeployment(call, this.#unable);
      return { kind: 'answered', answer: await countTokens(call, this.#unable) };
    }
    return { kind: 'not-asked', error: this.#obstacle ?? notActive(this.#model) };
  }

  /** @returns the seat of another try, once its time has come; undefined if none is worth it or allowed */
  async #retry(failed: Seat, failure: TriedFailure, attempts: number): Promise<Seat | undefined> {
    const { retry, retries } = this.#model;
    if (!retry) return undefined;
    const { of, isElsewhere } = verdictOf(failure);
    const isWorth = isWorthRetry(retry, failure.status || failure.code);
    if (!isWorth && !isElsewhere && failure.code !== 'provider_auth_failed') return undefined;
    const { deployment } = failed.prepared;
    this.#tried.add(failed.credential);
    if (of === 'target' || !deployment.credentials.has(this.#tried)) {
      // What a provider's moderator flags it flags for all of its models; the next may read more in one call.
      for (const each of failure.isOwn && failure.status === 403
        ? this.#ofProvider(deployment)
        : [deployment]) {
        this.#avoid.add(each);
        this.#failedOnes.add(each);
      }
    }
    const taken = retries.take(retry.budget);
    if (taken === undefined) return undefined;
    const other = of === 'target' ? undefined : this.#seatAt(deployment);
    const isFinal = failure.isOwn || of === 'account' || CLIENTS_FAULT.has(failure.status);
    // The same one would say it again.
    const mayRepeat = isWorth && !isFinal && failure.retryAfterMs <= retry.maxWait;
    const next =
      other ??
      this.#nextSeat() ??
      (mayRepeat ? await this.#sameSeat(failed, failure.retryAfterMs, attempts) : undefined);
    if (!next) retries.giveBack(taken);
    return next;
  }

  /** Once more, after a pause. */
  async #sameSeat(failed: Seat, retryAfterMs: number, attempts: number): Promise<Seat | undefined> {
    const { cancel } = this.#call;
    await pause(Math.max(retryAfterMs, backoffMs(attempts, Math.random())), cancel);
    const pass = cancel.aborted ? undefined : this.#admit(failed.prepared.deployment);
    return pass && { ...failed, pass };
  }

  /** Whether the config says that another may answer what this status refuses. */
  #isListed(status: number): boolean {
    return this.#model.retry?.on.includes(status) === true;
  }

  #ofProvider({ providerName }: Deployment): readonly Deployment[] {
    return this.#model.deployments.filter((each) => each.providerName === providerName);
  }

  async #ask(seat: Seat, began: number): Promise<{ asked: Asked; failure?: TriedFailure }> {
    const { ports } = this.#call;
    const { deployment } = seat.prepared;
    const { load } = deployment;
    const took = (): [ms: number, now: number] => {
      const now = ports.clock.monotonic();
      return [now - began, now];
    };
    let answer: CommittedAnswer;
    try {
      answer = await attempt(this.#call, seat, this.#model.timeouts);
    } catch (cause) {
      const code = failureBeforeAnswer(cause);
      const error = cause instanceof GatewayError ? cause : new GatewayError(code, { cause });
      // Of the target that says nothing, and another would not be reached either.
      if (this.#call.cancel.aborted || code === 'gateway_exhausted') {
        seat.pass.end(undefined);
        load.tookAtLeast(...took());
        return { asked: { kind: 'failed', error } };
      }
      const rejected = cause instanceof RejectedAnswer ? cause : undefined;
      const said = rejected?.failure ?? UNSAID;
      // An account that is refused a token would be refused everywhere that it is asked with one.
      const status = cause instanceof NoToken ? cause.status : said.status;
      this.#charge(deployment, code, rejected?.facts);
      const failure = { ...said, status, code, reason: said.status ? String(status) : code };
      this.#failed(seat, failure, took());
      return { asked: { kind: 'failed', error }, failure };
    }
    const { statusCode: status } = answer;
    // Who refuses is owed nothing, though the client leaves before another is asked.
    if (status >= 400) this.#call.asked = undefined;
    const isQuotaSpent = answer.kind === 'whole' && answer.quotaSpent === true;
    const isOwn = answer.kind === 'whole' && answer.isOwn === true;
    // What is there beside models only who asks in a provider's own words knows.
    const isNobody = answer.kind === 'whole' && answer.isNobody === true && !this.#call.prepared;
    const isOthers = isQuotaSpent || isOwn || isNobody || this.#isListed(status);
    if (status < 400 || (CLIENTS_FAULT.has(status) && !isOthers)) {
      settle(seat.pass, answer);
      if (status >= 400) load.refused(took()[1]);
      else this.#answers(seat, began, took());
      return { asked: { kind: 'answered', answer } };
    }
    const failure: TriedFailure = {
      status,
      code: 'upstream_invalid',
      reason: String(status),
      isQuotaSpent,
      isOwn,
      isNobody,
      retryAfterMs: waitOf(answer.headers, ports.clock.wall()),
    };
    this.#failed(seat, failure, took());
    const code = notForClients(answer, failure);
    if (!code) return { asked: { kind: 'refused', answer }, failure };
    const cause = new Error(`the provider answered ${status}`);
    return { asked: { kind: 'failed', error: new GatewayError(code, { cause }) }, failure };
  }

  /** A provider that was cut off, or broke off, in its work has read the prompt and may bill it; one whose answer is of no use bills it. */
  #charge(by: Deployment, code: ErrorCode, rejected: AnswerFacts | undefined): void {
    const wasSent = this.#call.asked !== undefined;
    this.#call.asked = undefined;
    if (!(wasSent && WORKED.has(code)) && !rejected?.usage) return;
    billEarlier(this.#call, by, rejected?.usage ? rejected : new PartFacts());
  }

  #answers({ prepared, credential }: Seat, began: number, took: [number, number]): void {
    const { load } = prepared.deployment;
    load.answered(...took);
    for (const rest of [load.rest, credential.limit, credential.account]) rest.answered(began);
  }

  /** The breaker, the balance and the rests are told. That a key is spent says nothing of the target. */
  #failed({ prepared, credential, pass }: Seat, failure: TriedFailure, took: [number, number]): void {
    const { deployment } = prepared;
    const { reason } = verdictOf(failure);
    pass.end(reason === 'down' ? false : undefined);
    if (reason === 'down') deployment.load.failed(...took);
    else if (failure.isOwn || CLIENTS_FAULT.has(failure.status)) deployment.load.refused(took[1]);
    else if (reason === '') deployment.load.held(took[1]);
    coolDown(deployment, credential, failure, this.#model.cooldown, took[1]);
  }

  /** The model's choice among the targets that do not rest; where all do, the least bad of those that have not been asked. */
  #nextSeat(): Seat | undefined {
    for (;;) {
      const deployment = this.#model.select(this.#avoid, this.#asking);
      if (!deployment) return this.#leastBad ? this.#leastBadSeat() : undefined;
      const seat = this.#seatAt(deployment);
      if (seat) return seat;
      this.#avoid.add(deployment);
    }
  }

  #seatAt(deployment: Deployment): Seat | undefined {
    if (deployment.load.rest.until > 0 || !deployment.credentials.has(this.#tried)) return undefined;
    const prepared = this.#prepare(deployment);
    const pass = prepared && this.#admit(deployment);
    const credential = pass && deployment.credentials.next(this.#tried);
    return credential && { prepared, credential, pass };
  }

  #leastBadSeat(): Seat | undefined {
    const byRest = this.#model.deployments.toSorted((a, b) => restingUntil(a) - restingUntil(b));
    for (const deployment of byRest) {
      if (this.#failedOnes.has(deployment)) continue;
      const credential = deployment.credentials.leastBad();
      const prepared = credential && this.#prepare(deployment);
      const pass = prepared && this.#admit(deployment);
      if (pass) return { prepared, pass, credential };
    }
    return undefined;
  }

  #admit(deployment: Deployment): Seat['pass'] | undefined {
    const { exchange } = this.#call;
    const { breaker } = deployment.upstream.resilience;
    const pass = breaker.admit();
    if (pass) {
      if (pass.isProbe) exchange.breaker = 'half-open';
      return pass;
    }
    exchange.breaker = 'open';
    const seconds = Math.max(1, Math.ceil(breaker.retryAfterMs / 1000));
    this.#obstacle = new GatewayError('breaker_open', { headers: { 'retry-after': String(seconds) } });
    return undefined;
  }

  /** Once for each target; undefined if it can't carry the request, which another may. */
  #prepare(deployment: Deployment): PreparedCall | undefined {
    let prepared = this.#prepared.get(deployment);
    if (prepared) return prepared;
    try {
      prepared = this.#call.prepared ?? prepareCall(this.#call, deployment);
    } catch (error) {
      if (!(error instanceof GatewayError && ANOTHERS_TO_ANSWER.has(error.code))) throw error;
      // That a breaker is open says more: later it may be closed.
      this.#obstacle ??= error;
      this.#unable ??= deployment;
      return undefined;
    }
    this.#prepared.set(deployment, prepared);
    return prepared;
  }

  #noteFailure({ prepared, credential }: Seat, reason: string, isRetried: boolean): void {
    const { providerName: upstream, name } = prepared.deployment;
    const target = credential.id === '' ? name : `${name}#${credential.id}`;
    const { exchange } = this.#call;
    const endedMs = performance.now() - exchange.started;
    exchange.failedAttempts.push({ upstream, target, reason, isRetried, endedMs });
  }
}

interface TriedFailure extends Failure {
  readonly code: ErrorCode;
  /** For the record: the code, or the status. */
  readonly reason: string;
}

const WORKED: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'upstream_timeout',
  'upstream_truncated',
  'upstream_stalled',
]);

const ANOTHERS_TO_ANSWER: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'field_not_supported',
  'endpoint_not_supported',
]);

const notActive = ({ name }: Model): GatewayError =>
  new GatewayError('feature_not_active', { detail: `The model ${name} needs it.` });

/** Why a refusal can't go to the client as it came: it speaks of our affairs, or not in JSON. */
function notForClients(answer: CommittedAnswer, failure: Failure): ErrorCode | undefined {
  const ours = oursToMend(failure);
  if (ours) return ours;
  if (failure.isOwn && answer.kind === 'whole' && namesKey(answer.body)) return 'content_filtered';
  const type = answer.headers['content-type'] ?? '';
  return String(type).includes('json') ? undefined : 'provider_invalid_answer';
}

/** A stream has done well when it has ended well. */
function settle(pass: BreakerPass, answer: CommittedAnswer): void {
  if (answer.kind === 'whole' || answer.body.closed) {
    pass.end(true);
    return;
  }
  pass.begun();
  answer.body.once('close', () => pass.end(true));
}
