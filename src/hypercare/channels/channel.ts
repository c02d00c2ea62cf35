import type { LookupFunction } from 'node:net';
import type { ChannelKind } from '../../config/schema/hypercare-channels.ts';
import type { GatewayConfig } from '../../config/schema/index.ts';
import type { Priority } from '../../contracts/finding.ts';
import type { Finding } from '../findings/finding.ts';
import type { Posting } from './post.ts';

/** As the config says. */
export type ConfiguredChannel = GatewayConfig['hypercare']['notify'][number];

/** A channel's settings with nothing left out: '' where something is not given. */
export type ChannelSettings = Required<Omit<ConfiguredChannel, 'console'>>;

/** How a channel reaches others: what it asks goes to addresses that `server.outbound` allows. */
export interface Ways {
  readonly post: Posting;
  readonly lookup: LookupFunction;
  /** Cuts off what is under way. */
  readonly stop: AbortSignal;
}

/** What came of it since the channel was told last; ended: over without proof that it is fixed. */
export type ToldEvent = 'opened' | 'changed' | 'acknowledged' | 'resolved' | 'ended' | 'regressed';

/** One thing to tell. */
export interface Told {
  readonly event: ToldEvent;
  readonly finding: Finding;
  /** Milliseconds since the epoch. */
  readonly at: number;
  /** The same for every attempt to deliver it. */
  readonly id: string;
  /** Of the finding in the console; '' if that has no URL. */
  readonly link: string;
  /** What the channel gave for this finding the first time (a thread, a ticket); '' = nothing yet. */
  readonly thread: string;
}

export interface Channel {
  readonly name: string;
  readonly kind: ChannelKind;
  readonly priorities: readonly Priority[];
  /** Whether it keeps one thread for a fingerprint, rather than for a finding: a ticket is opened again. */
  readonly isByFingerprint: boolean;
  /** Milliseconds after which it is told again of what goes on. Absent: it remembers. */
  readonly repeatMs?: number;
  /** @returns the thread to go on with; '' if it has none. @throws Error without any secret in its text */
  tell(told: Told): Promise<string>;
  close?(): void;
}

/** `[P1] route checkout: errors` */
export const headline = ({ finding: { priority, title } }: Told): string => `[${priority}] ${title}`;

const WORDS: Readonly<Record<ToldEvent, string>> = {
  opened: 'New finding',
  changed: 'Changed',
  acknowledged: 'Taken on',
  resolved: 'Fixed and proven',
  ended: 'No longer seen',
  regressed: 'Is back',
};

/** What to say in a thread: the news first, then the whole. */
export const news = ({ event, finding }: Told): string => {
  const by = event === 'acknowledged' && finding.owner !== '' ? ` by ${finding.owner}` : '';
  const last = finding.history.at(-1);
  const note =
    (event === 'changed' || event === 'ended') && last
      ? `: ${last.what}${last.note && ` (${last.note})`}`
      : '';
  return `${WORDS[event]}${by} (${finding.state})${note}`;
};
