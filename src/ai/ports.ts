import type { Conversations } from '../context/conversations.ts';
import type { LedgerWriter } from '../record/ledger-writer.ts';
import type { Recorder } from '../record/recorder.ts';
import type { Logger } from '../telemetry/logger.ts';
import type { Fleet } from '../upstream/fleet.ts';
import type { Accounts } from './budgets/accounts.ts';
import type { KeptAnswers } from './cache/kept-answers.ts';
import type { InputDrift } from './drift/input-drift.ts';
import type { ModelStates } from './models/states.ts';
import type { Shadows } from './shadow/shadows.ts';
import type { TokenCounter } from './tokens/counter.ts';

/** What the AI room uses of the process. */
export interface AiPorts {
  fleet: Fleet;
  /** For what a provider is asked beside calls. */
  fetch: typeof globalThis.fetch;
  states: ModelStates;
  tokens: TokenCounter;
  log: Logger;
  accounts: Accounts;
  ledger: LedgerWriter;
  drift: InputDrift;
  kept: KeptAnswers;
  shadows: Shadows;
  conversations: Conversations;
  recorder: Recorder;
  clock: { wall(): number; monotonic(): number };
}
