import { type Documents, StoreUnavailable } from '../contracts/store.ts';
import { GatewayError } from '../errors/gateway-error.ts';
import { randomHex } from '../lib/request-id.ts';
import { leftToPeople, triedAgain } from './actions/again.ts';
import { Applier, type ApplierPorts, type ApplyOptions } from './actions/apply.ts';
import { isStale } from './actions/problem.ts';
import { type Action, type Finding, isInForce, withAction } from './findings/finding.ts';
import { moved, noted } from './findings/life.ts';

/** Gateways that share a store, by an id of each process, for as long as they live. */
const COLLECTION = 'hypercare-gateways';
/** Without a word for as long a gateway has ended. */
const GONE_MS = 60_000;
/** Who was away from the store for as long can't tell who has ended from who was away from it, too. */
const AWAY_MS = GONE_MS / 2;

interface OwnApplierPorts extends ApplierPorts {
  readonly documents: Documents;
}

/**
 * What is done to what runs (drained, opened) and stands in no config is done to one gateway, and nobody else can take it
 * back: whoever did it is asked to, and what was done by one that has ended has ended with it. The same where a patch does
 * not fit the config of who is to take it back: gateways that share a store may have a file each.
 */
export class OwnApplier extends Applier {
  readonly #ports: OwnApplierPorts;
  readonly #me = randomHex(8);
  /** This process has reached the store from then to then without being away, milliseconds since the epoch. */
  #near = { since: Number.POSITIVE_INFINITY, until: Number.NEGATIVE_INFINITY };

  constructor(ports: OwnApplierPorts) {
    super(ports);
    this.#ports = ports;
  }

  override async apply(id: string, n: number, options: ApplyOptions): Promise<Finding> {
    const finding = await super.apply(id, n, options);
    const own = ({ applied, ...action }: Action): Action => ({
      ...action,
      applied: applied && { ...applied, gateway: this.#me },
    });
    return (await this.#change(id, n, own)) ?? finding;
  }

  /** @returns the finding; where another gateway did it, with that asked to take it back. @throws as `apply` */
  override async revert(
    id: string,
    n: number,
    options: Pick<ApplyOptions, 'by' | 'matches'>,
    why = '',
  ): Promise<Finding> {
    const { book, now } = this.#ports;
    const finding = await book.get(id);
    const action = finding?.actions.find((each) => each.n === n);
    const { gateway = this.#me, undo } = action?.applied ?? {};
    if (!finding || !action || gateway === this.#me || !isInForce(action))
      return super.revert(id, n, options, why);
    const lives = await this.#lives(gateway);
    if (isLive(action) && !lives) return this.#over(id, n);
    if (undo) return finding;
    if (!isLive(action)) {
      try {
        return await super.revert(id, n, options, why);
      } catch (error) {
        if (!lives || !(error instanceof GatewayError) || error.code !== 'action_stale') throw error;
      }
    }
    const { by } = options;
    const note = `${action.title}: the gateway that did it takes it back${why && ` (${why})`}`;
    const asked = ({ applied, ...each }: Action): Action => ({
      ...each,
      // Due by whoever's clock, whenever it would have ended.
      applied: applied && { ...applied, endsAt: 0, undo: { by, why } },
    });
    const what = { at: now(), by, what: 'revert asked', note };
    return (await this.#change(id, n, asked, (known) => noted(known, what))) as Finding;
  }

  /** Says that it lives, and takes back what others ask it to. @param leads whether to see to those that have ended, too */
  async look(findings: readonly Finding[], leads: boolean): Promise<void> {
    await this.#ports.documents.put(COLLECTION, this.#me, {}, { ttlMs: GONE_MS });
    const at = this.#ports.now();
    this.#near = { since: this.#isNear(at) ? this.#near.since : at, until: at };
    for (const { id, actions } of findings) {
      for (const action of actions.filter(isInForce)) {
        const { gateway = '', undo, endsAt = null } = action.applied ?? {};
        const isMine = gateway === this.#me;
        if (undo && isMine && (endsAt ?? 0) <= this.#ports.now()) await this.#takeBack(id, action.n, undo);
        else if (undo && !isMine && leads && !(await this.#lives(gateway))) {
          if (isLive(action)) await this.#over(id, action.n);
          else await this.#stays(id, action);
        }
      }
    }
  }

  /** What it did to itself ends with it. @throws StoreUnavailable */
  async leave(): Promise<void> {
    await this.#ports.documents.delete(COLLECTION, this.#me);
  }

  async #takeBack(id: string, n: number, { by, why }: { by: string; why: string }): Promise<void> {
    try {
      await super.revert(id, n, { by }, why);
    } catch (error) {
      const { book, now } = this.#ports;
      if (!(error instanceof StoreUnavailable))
        await book.change(id, (known) => triedAgain(known, n, now(), isStale(error)));
      throw error;
    }
  }

  #isNear(at: number): boolean {
    const { since, until } = this.#near;
    // The clock may have been set back.
    return at >= since && at - until < AWAY_MS;
  }

  /** Also where nobody can tell yet: after an outage of the store all that live have to say so first. */
  async #lives(gateway: string): Promise<boolean> {
    const at = this.#ports.now();
    if (!this.#isNear(at) || at - this.#near.since < GONE_MS) return true;
    return (await this.#ports.documents.get(COLLECTION, gateway)) !== undefined;
  }

  /** The gateway that did it has ended. */
  async #over(id: string, n: number): Promise<Finding> {
    const at = this.#ports.now();
    const reverted = (action: Action): Action =>
      isInForce(action) ? { ...action, status: 'reverted' } : action;
    return (await this.#change(id, n, reverted, (finding) => {
      const note = `${finding.actions.find((each) => each.n === n)?.title ?? ''}: it ended with the gateway that did it`;
      const marked = noted(finding, { at, by: 'gateway', what: 'reverted', note });
      if (marked.state !== 'verifying' && marked.state !== 'acting') return marked;
      const { verification } = marked;
      return {
        ...moved(marked, 'open', { at, by: 'gateway', what: 'open again', note }),
        verification: verification?.state === 'running' ? null : verification,
      };
    })) as Finding;
  }

  async #stays(id: string, { n, title }: Action): Promise<void> {
    const note = `${title}: the gateway that did it has ended, and its way back does not fit here`;
    const what = { at: this.#ports.now(), by: 'gateway', what: 'action stays', note };
    await this.#change(id, n, leftToPeople, (finding) => noted(finding, what));
  }

  #change(
    id: string,
    n: number,
    change: (action: Action) => Action,
    then: (finding: Finding) => Finding = (finding) => finding,
  ): Promise<Finding | undefined> {
    return this.#ports.book.change(id, (finding) => then(withAction(finding, n, change)));
  }
}

/** Taken back by a call to what runs, and nothing else. */
function isLive(action: Action): boolean {
  const { status, canary, undoes } = action;
  const { patch, call } = (status === 'canary' && canary?.undoes) || undoes;
  return patch.length === 0 && call !== null;
}
