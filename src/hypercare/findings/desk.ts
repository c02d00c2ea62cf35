import { GatewayError } from '../../errors/gateway-error.ts';
import type { Claim } from '../verification/verifier.ts';
import type { FindingBook } from './book.ts';
import type { Finding } from './finding.ts';
import { moved, noted } from './life.ts';

/** Notes of one finding. */
const MOST_NOTES = 200;
const MOST_LINKS = 500;

export interface DeskPorts {
  readonly book: FindingBook;
  now(): number;
  verify(id: string, claim: Claim, by: string): Promise<Finding | undefined>;
}

/** What people do with findings. All throw GatewayError resource_unknown or finding_state, and StoreUnavailable. */
export class Desk {
  readonly #ports: DeskPorts;

  constructor(ports: DeskPorts) {
    this.#ports = ports;
  }

  /** Somebody takes it on. What is being done about it, or is being proven, goes on: it has an owner from then on. */
  acknowledge(id: string, by: string, note = ''): Promise<Finding> {
    return this.#change(id, (finding, at) => {
      const happening = { at, by, what: 'acknowledged', note };
      const isUnderWay = finding.state === 'acting' || finding.state === 'verifying';
      const taken = isUnderWay
        ? { ...noted(finding, happening), acknowledgedAt: finding.acknowledgedAt ?? at }
        : moved(finding, 'acknowledged', happening);
      return { ...taken, owner: by };
    });
  }

  /** Nobody hears of it until then, or until it has grown to twice its size. */
  mute(id: string, by: string, forMs: number, note = ''): Promise<Finding> {
    return this.#change(id, (finding, at) => ({
      ...moved(finding, 'muted', { at, by, what: 'muted', note }),
      muted: { by, until: at + forMs, atRequests: finding.impact.requests },
    }));
  }

  /** Somebody says that it is fixed. That is a claim: it is resolved once the traffic proves it. */
  async resolve(id: string, by: string, note: string): Promise<Finding> {
    await this.#existing(id);
    try {
      const finding = await this.#ports.verify(id, { claim: `${by}: ${note || 'fixed'}`, action: null }, by);
      return finding as Finding;
    } catch (error) {
      throw stateError(error);
    }
  }

  note(id: string, by: string, text: string): Promise<Finding> {
    return this.#change(id, (finding, at) => ({
      ...noted(finding, { at, by, what: 'note', note: text }),
      notes: [...finding.notes, { at, by, text }].slice(-MOST_NOTES),
    }));
  }

  /** A piece of feedback belongs to it. */
  link(id: string, by: string, feedback: string): Promise<Finding> {
    return this.#change(id, (finding, at) => {
      if (finding.linked.feedback.includes(feedback)) return finding;
      const all = [...finding.linked.feedback, feedback].slice(-MOST_LINKS);
      const linked = { ...finding.linked, feedback: all };
      return noted({ ...finding, linked }, { at, by, what: 'linked', note: feedback });
    });
  }

  /** What users may know of it: on the status page and in the widget. '' takes it back. */
  announce(id: string, by: string, text: string): Promise<Finding> {
    return this.#change(id, (finding, at) =>
      noted(
        { ...finding, announcement: text },
        { at, by, what: text === '' ? 'announcement withdrawn' : 'announced', note: text },
      ),
    );
  }

  async #existing(id: string): Promise<Finding> {
    const finding = await this.#ports.book.get(id);
    if (finding) return finding;
    throw new GatewayError('resource_unknown', { detail: `There is no finding ${id}.` });
  }

  async #change(id: string, change: (finding: Finding, at: number) => Finding): Promise<Finding> {
    const at = this.#ports.now();
    let changed: Finding | undefined;
    try {
      changed = await this.#ports.book.change(id, (finding) => change(finding, at));
    } catch (error) {
      throw stateError(error);
    }
    return changed ?? this.#existing(id);
  }
}

const stateError = (error: unknown): unknown =>
  error instanceof Error && error.message.startsWith('a finding that is ')
    ? new GatewayError('finding_state', { detail: `Reason: ${error.message}.`, cause: error })
    : error;
