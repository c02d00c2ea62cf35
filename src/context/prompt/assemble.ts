import type { Message, TextPart } from '../../contracts/model-request.ts';
import type { SpokenTurn, Summary } from '../turn.ts';

/** What a prompt is made of. */
export interface PromptParts {
  /** The request's own. */
  readonly system: readonly TextPart[];
  /** Of this epoch; undefined as long as nothing was compacted. */
  readonly summary: Pick<Summary, 'text'> | undefined;
  /** In order, each whole. */
  readonly turns: readonly Pick<SpokenTurn, 'messages'>[];
  /** What the client says now: a message of the user, or results of tools. */
  readonly fresh: readonly Message[];
  /** What was recalled of turns that are not in the prompt; '' if nothing. */
  readonly snippets: string;
}

export interface Prompt {
  readonly system: readonly TextPart[];
  readonly messages: readonly Message[];
}

const ofGateway = (text: string): TextPart => ({ type: 'text', at: 'context', text });

/**
 * Lays a prompt out: system and tools, the frozen summary of this epoch, the turns as they were said, and last, inside
 * the last message of the user, what was recalled for it. So everything but the recalled part is the beginning of the
 * next prompt of the epoch, byte for byte, and the provider's cache holds.
 */
export function assemblePrompt({ system, summary, turns, fresh, snippets }: PromptParts): Prompt {
  return {
    system: summary ? [...system, ofGateway(summary.text)] : system,
    messages: [...turns.flatMap(({ messages }) => messages), ...withSnippets(fresh, snippets)],
  };
}

function withSnippets(fresh: readonly Message[], snippets: string): readonly Message[] {
  const last = fresh.at(-1);
  // Behind the results of tools there is no word of the user to put it into.
  if (snippets === '' || last?.role !== 'user') return fresh;
  return [...fresh.slice(0, -1), { ...last, content: [...last.content, ofGateway(snippets)] }];
}
