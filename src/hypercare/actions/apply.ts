import { isDeepStrictEqual } from 'node:util';
import { PatchError, patchText, valuesIn } from '../../config/json-patch.ts';
import { GatewayError } from '../../errors/gateway-error.ts';
import type { FindingBook } from '../findings/book.ts';
import {
  type Action,
  type ActionStatus,
  type Applied,
  type Begun,
  type Finding,
  isInForce,
  nextNumber,
  type Step,
  withAction,
} from '../findings/finding.ts';
import { moved, noted } from '../findings/life.ts';
import type { ConfigPort, LivePort } from '../ports.ts';
import type { Claim } from '../verification/verifier.ts';
import { REVERT_FAILED } from './again.ts';
import { callProblem, writtenOf } from './prepare.ts';
import { isStale, problemOf, UnfitError } from './problem.ts';

/** How long an automatic action holds without proof. */
export const AUTOMATIC_MS = 15 * 60_000;
/** How what an action does is signed, in revisions and changes of state: `action:FINDING/N`. */
export const BY_ACTION = 'action:';
/** What has been under way for longer than this is done by nobody any more: its process has died. */
const BROKEN_OFF_MS = 60_000;

export interface ApplierPorts {
  readonly book: FindingBook;
  readonly config: ConfigPort;
  readonly live: LivePort;
  now(): number;
  verify(id: string, claim: Claim, by: string): Promise<Finding | undefined>;
}

export interface ApplyOptions {
  by: string;
  /** Whether the revision that serves is the one that the operator has seen. */
  matches?(etag: string): boolean;
  /** Only for a part of the traffic first, where the action can. */
  canary?: boolean;
  /** It ends by itself unless it is proven. */
  automatic?: boolean;
  /** The state of the finding that it was decided in: in another nothing is done. */
  expects?: Finding['state'];
}

/** Does what was offered, and takes it back. Each is written down before and after, by whom. */
export class Applier {
  readonly #ports: ApplierPorts;

  constructor(ports: ApplierPorts) {
    this.#ports = ports;
  }

  /**
   * @throws GatewayError resource_unknown, action_stale with the reason (409), finding_state (409), revision_changed (412);
   * StoreUnavailable, and whatever else keeps it from being done at the moment
   */
  async apply(id: string, n: number, options: ApplyOptions): Promise<Finding> {
    const { by } = options;
    const { finding, action } = await this.#find(id, n);
    if (action.status === 'applied' || (action.status === 'canary' && options.canary))
      throw new GatewayError('finding_state', { detail: `The action is ${action.status} already.` });
    const isCanary = Boolean(options.canary && action.canary);
    // Written first: after a crash the finding says that something was about to be done.
    const begun = { at: this.#ports.now(), by, isCanary, isAutomatic: isAutomatic(action, options) };
    const before = await this.#enter(id, action, begun, options.expects);
    let revision: number;
    try {
      // What a canary did stands in the config: the patch for all was made for what was before it.
      if (action.status === 'canary' && action.canary) {
        await this.#perform(id, n, action.canary.undoes, options, 'undo the canary of');
        await this.#mark(id, n, 'offered', null, { by, why: 'its canary was undone' });
      }
      revision = await this.#perform(id, n, stepsOf(action, isCanary).does, options, 'apply');
    } catch (error) {
      await this.#leave(id, n, before, error, by);
      throw staleOr(error);
    }
    return (await this.#done(id, action, begun, revision)) ?? finding;
  }

  /**
   * What was begun by a process that died over it: what it had changed is proven, and ends, as it would have; else the
   * finding is open again. @throws StoreUnavailable
   */
  async settle({ id, state }: Pick<Finding, 'id' | 'state'>): Promise<void> {
    if (state !== 'acting') return;
    // Lists are of a moment ago: others may have ended it since.
    const finding = await this.#ports.book.get(id);
    if (finding?.state !== 'acting') return;
    const { actions } = finding;
    const action = actions.find(({ begun }) => begun) ?? actions.findLast(isInForce);
    const { begun, applied = null } = action ?? {};
    const since = begun?.at ?? applied?.at ?? Number.POSITIVE_INFINITY;
    if (!action || this.#ports.now() <= since + BROKEN_OFF_MS) return;
    if (!begun) {
      if (applied) await this.#prove(id, action, action.status === 'canary', applied);
      return;
    }
    if (this.#wasDone(stepsOf(action, begun.isCanary))) {
      await this.#done(id, action, begun, this.#ports.config.revision);
      return;
    }
    const before = finding.acknowledgedAt === null ? 'open' : 'acknowledged';
    const why = new UnfitError('the gateway ended while it did it');
    await this.#leave(id, action.n, before, why, begun.by);
  }

  /** Taken back and done again it makes the config that serves. What no config holds has ended with its process. */
  #wasDone({ does, undoes }: Pick<Action, 'does' | 'undoes'>): boolean {
    if (undoes.patch.length === 0) return false;
    const { text } = this.#ports.config;
    try {
      const again = patchText(patchText(text, undoes.patch), does.patch);
      return isDeepStrictEqual(writtenOf(again), writtenOf(text));
    } catch (error) {
      if (error instanceof PatchError) return false;
      throw error;
    }
  }

  /** It was done, and is to be proven. */
  async #done(id: string, action: Action, begun: Begun, revision: number): Promise<Finding | undefined> {
    const { by, isAutomatic, isCanary } = begun;
    const at = this.#ports.now();
    const applied: Applied = { at, by, revision, endsAt: isAutomatic ? at + AUTOMATIC_MS : null };
    await this.#mark(id, action.n, isCanary ? 'canary' : 'applied', applied);
    return this.#prove(id, action, isCanary, applied);
  }

  #prove(
    id: string,
    action: Action,
    isCanary: boolean,
    { by, revision }: Applied,
  ): Promise<Finding | undefined> {
    const { n, title, movesTo, affects } = action;
    const canary = isCanary ? action.canary : null;
    const claim = {
      claim: `${canary ? 'canary of ' : ''}${title}`,
      action: n,
      isCanary: canary !== null,
      fromRevision: revision,
      // Findings of earlier versions of the gateway don't have it.
      settles: action.settles ?? 0,
    };
    const where = canary ? { scopes: canary.scopes } : movesTo && { scopes: movesTo, dilution: affects };
    return this.#ports.verify(id, { ...claim, ...where }, by);
  }

  /** Takes an action back. What the gateway can't take back for the moment is due: it ends as soon as it can. @throws as `apply` */
  async revert(
    id: string,
    n: number,
    options: Pick<ApplyOptions, 'by' | 'matches'>,
    why = '',
  ): Promise<Finding> {
    const { book, now } = this.#ports;
    const { action } = await this.#find(id, n);
    if (!isInForce(action))
      throw new GatewayError('finding_state', {
        detail: `The action is ${action.status}: there is nothing to take back.`,
      });
    const step = stepsOf(action, action.status === 'canary').undoes;
    try {
      await this.#perform(id, n, step, options, 'revert');
    } catch (error) {
      const failed = { at: now(), by: options.by, what: REVERT_FAILED, note: problemOf(error) };
      const isDue = options.by === 'gateway' && !isStale(error);
      await book.change(id, (finding) => {
        const known = noted(finding, failed);
        return isDue ? withAction(known, n, (each) => due(each, failed.at)) : known;
      });
      throw staleOr(error);
    }
    const marked = await this.#mark(id, n, 'reverted', null, { by: options.by, why });
    if (marked?.state !== 'verifying' && marked?.state !== 'acting') return marked as Finding;
    const what = { at: now(), by: options.by, what: 'open again', note: why || 'the action was taken back' };
    return (await book.change(id, (finding) => ({
      ...moved(finding, 'open', what),
      // One that has failed stays to be read.
      verification: finding.verification?.state === 'running' ? null : finding.verification,
    }))) as Finding;
  }

  async #find(id: string, n: number): Promise<{ finding: Finding; action: Action }> {
    const finding = await this.#ports.book.get(id);
    if (!finding) throw new GatewayError('resource_unknown', { detail: `There is no finding ${id}.` });
    const action = finding.actions.find((each) => each.n === n);
    if (action) return { finding, action };
    if (n >= nextNumber(finding))
      throw new GatewayError('resource_unknown', { detail: `It has no action ${n}.` });
    throw new GatewayError('action_stale', {
      detail: 'More is known of the finding: see what it offers now.',
    });
  }

  /** One thing is done about a finding at a time. @returns the state that it was in. @throws GatewayError finding_state */
  async #enter(
    id: string,
    { n, title, status }: Action,
    begun: Begun,
    expects?: Finding['state'],
  ): Promise<Finding['state']> {
    const { at, by } = begun;
    let before: Finding['state'] = 'open';
    await this.#ports.book.change(id, (known) => {
      before = known.state;
      const refused = (detail: string, cause?: unknown) =>
        new GatewayError('finding_state', { detail, cause });
      if (before === 'acting') throw refused('Something is being done about it at the moment.');
      if (expects !== undefined && before !== expects) throw refused(`It is ${before} by now.`);
      if (!known.actions.some((each) => each.n === n && each.status === status))
        throw refused('Something else was done about it meanwhile.');
      try {
        const entered = moved(known, 'acting', { at, by, what: 'acting', note: title });
        return withAction(entered, n, (action) => ({ ...action, begun }));
      } catch (error) {
        throw refused(`It is ${before}.`, error);
      }
    });
    return before;
  }

  async #leave(id: string, n: number, before: Finding['state'], error: unknown, by: string): Promise<void> {
    const at = this.#ports.now();
    const problem = problemOf(error);
    await this.#ports.book.change(id, (known) => {
      const back = before === 'acknowledged' ? 'acknowledged' : 'open';
      const what = { at, by, what: 'action failed', note: problem };
      const left = known.state === 'acting' ? moved(known, back, what) : noted(known, what);
      return withAction(left, n, ({ begun: _, ...action }) => ({
        ...action,
        // What may pass can be tried again.
        ...(isStale(error) && { dryRun: { at, ok: false, problem } }),
      }));
    });
  }

  #mark(
    id: string,
    n: number,
    status: ActionStatus,
    applied: Applied | null,
    undone?: { by: string; why: string },
  ): Promise<Finding | undefined> {
    const at = this.#ports.now();
    return this.#ports.book.change(id, (known) => {
      const { by, why: note } = undone ?? {
        by: applied?.by ?? 'gateway',
        why: known.actions.find((each) => each.n === n)?.title ?? '',
      };
      const marked = withAction(known, n, ({ begun, ...action }) => ({
        ...action,
        status,
        applied: applied ?? action.applied,
        // A canary that is undone makes way for what is under way.
        ...(status === 'offered' && begun && { begun }),
      }));
      return noted(marked, { at, by, what: status, note });
    });
  }

  /** @returns the revision that it made, 0 if none */
  async #perform(
    id: string,
    n: number,
    { patch, call }: Step,
    { by, matches }: ApplyOptions,
    verb: string,
  ): Promise<number> {
    const { config, live } = this.#ports;
    const problem = callProblem(call, live);
    if (problem !== undefined) throw new UnfitError(problem);
    const author = `${BY_ACTION}${id}/${n}`;
    const reason = `${verb} action ${n} of ${id}, by ${by}`;
    let revision = 0;
    if (patch.length > 0) {
      const revised = await config.revise({
        author,
        note: reason,
        matches: matches ?? (() => true),
        text: (current) => patchText(current, patch),
        written: valuesIn(patch),
        dryRun: false,
      });
      revision = revised.number;
    }
    if (call === null) return revision;
    const isDone =
      call.do === 'purge-cache'
        ? (await live.purge({ route: call.route })) >= 0
        : call.do === 'breaker'
          ? live.setBreaker(call.upstream, call.to, author, reason)
          : live.setTarget(
              call.upstream,
              call.target,
              call.do === 'drain-target' ? 'draining' : 'enabled',
              author,
              reason,
            );
    if (!isDone) throw new UnfitError('what it is about is not there any more');
    return revision;
  }
}

/** Whether it ends by itself: what was tried so without asking does so, too, when it is for all. */
const isAutomatic = ({ status, applied }: Action, { by, automatic = false }: ApplyOptions): boolean =>
  status === 'canary' && by === 'gateway' ? applied?.endsAt != null : automatic;

/** It ends then, if not before. */
const due = ({ applied, ...action }: Action, at: number): Action => ({
  ...action,
  applied: applied && { ...applied, endsAt: applied.endsAt ?? at },
});

/** What it does and what takes it back: for a part of the traffic, or for all. */
const stepsOf = (action: Action, isCanary: boolean): Pick<Action, 'does' | 'undoes'> =>
  (isCanary && action.canary) || action;

/** What an operator can do nothing about but read again is 409, with the reason; all else stays what it is. */
const staleOr = (error: unknown): unknown =>
  isStale(error)
    ? new GatewayError('action_stale', { detail: `Reason: ${problemOf(error)}.`, cause: error })
    : error;
