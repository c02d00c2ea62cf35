import type { AnnouncedFindings } from '../findings/book.ts';

/** How long an answer is good, in milliseconds: whoever asks, the store is asked as often at most. */
const FRESH_MS = 5000;

/** What users may know: no more than what somebody has announced. */
export interface PublicStatus {
  readonly status: 'ok' | 'degraded';
  readonly announcements: readonly {
    readonly text: string;
    readonly since: string;
    readonly state: 'investigating' | 'fixing' | 'checking';
  }[];
  readonly checkedAt: string;
}

/** The status page's data. */
export class StatusPage {
  readonly #announced: Pick<AnnouncedFindings, 'all'>;
  readonly #now: () => number;
  #known: { at: number; status: Promise<PublicStatus> } | undefined;

  constructor(announced: Pick<AnnouncedFindings, 'all'>, now: () => number) {
    this.#announced = announced;
    this.#now = now;
  }

  /** @throws StoreUnavailable */
  read(): Promise<PublicStatus> {
    const at = this.#now();
    if (this.#known && at - this.#known.at < FRESH_MS && at >= this.#known.at) return this.#known.status;
    const status = this.#read(at);
    this.#known = { at, status };
    status.catch(() => {
      this.#known = undefined;
    });
    return status;
  }

  async #read(at: number): Promise<PublicStatus> {
    const told = await this.#announced.all();
    return {
      status: told.length === 0 ? 'ok' : 'degraded',
      announcements: told.map(({ text, since, state }) => ({
        text,
        since: new Date(since).toISOString(),
        state: state === 'verifying' ? 'checking' : state === 'acting' ? 'fixing' : 'investigating',
      })),
      checkedAt: new Date(at).toISOString(),
    };
  }
}
