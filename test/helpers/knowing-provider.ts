import { DONE, ROLE, STOP, STREAM_HEADERS, word } from './ai.ts';
import { type Backend, backend } from './backend.ts';

interface Body {
  model: string;
  stream?: boolean;
  messages: { role: string; content: unknown; tool_calls?: unknown[]; tool_call_id?: string }[];
}

/** A provider whose model knows what it was told in its prompt, and nothing else. */
export interface KnowingProvider extends Backend {
  /** The prompts, in the order in which they came. */
  readonly prompts: Body['messages'][];
  /** The last one of each request to the gateway, by its id. */
  readonly promptOf: ReadonlyMap<string, Body['messages']>;
  /** Bodies that have their messages in other bytes than \`JSON.stringify\` would: of all others the same messages are the same bytes. */
  readonly unusual: readonly string[];
  /** Holds back answers to prompts whose last message has this text, until `go`. */
  hold(text: string): { came: Promise<void>; go(): void };
  /** Breaks off, behind these words, the next stream that answers a prompt whose last message has this text. @returns that it does not */
  breakOff(text: string, words: string): () => void;
}

const callOf = (id: string, city: string) =>
  ({ id, type: 'function', function: { name: 'weather', arguments: JSON.stringify({ city }) } }) as const;

/** What it calls; the second only at once with the first. */
export const CALLS = [callOf('call_1', 'Oslo'), callOf('call_2', 'Bergen')] as const;

const ACCOUNT = /account number is (\d+)/;

/**
 * Speaks chat completions. To "What is my account number?" it says the number if its prompt has it, and else asks for it;
 * to "weather" it calls a tool, to "weather here and there" twice at once; it tells the last result; and to all else says how many messages it has seen.
 */
export async function knowingProvider(): Promise<KnowingProvider> {
  const prompts: Body['messages'][] = [];
  const promptOf = new Map<string, Body['messages']>();
  const unusual: string[] = [];
  const holds = new Map<string, { came(): void; gate: Promise<void> }>();
  const halves = new Map<string, string>();
  const server = await backend((message, response) => {
    const chunks: Buffer[] = [];
    message.on('data', (chunk: Buffer) => chunks.push(chunk));
    message.on('end', async () => {
      const sent = Buffer.concat(chunks).toString();
      const body = JSON.parse(sent) as Body;
      if (!sent.includes(JSON.stringify(body.messages))) unusual.push(sent);
      prompts.push(body.messages);
      promptOf.set(String(message.headers['x-request-id']), body.messages);
      const last = textOf(body.messages.at(-1)?.content);
      for (const [text, { came, gate }] of holds) {
        if (!last.includes(text)) continue;
        came();
        await gate;
      }
      const answer = answerTo(body.messages, last);
      for (const [text, words] of body.stream ? halves : []) {
        if (!last.includes(text)) continue;
        halves.delete(text);
        response.writeHead(200, STREAM_HEADERS);
        response.write(`${ROLE}${words && word(words)}`, () => response.destroy());
        return;
      }
      if (body.stream) {
        response.writeHead(200, STREAM_HEADERS);
        response.write(ROLE);
        response.write(word(answer.content ?? ''));
        response.end(`${STOP}${DONE}`);
        return;
      }
      response.setHeader('content-type', 'application/json');
      response.end(
        JSON.stringify({
          id: `chatcmpl-${prompts.length}`,
          object: 'chat.completion',
          created: 1,
          model: 'gpt-4o-mini',
          choices: [
            {
              index: 0,
              message: { role: 'assistant', ...answer },
              finish_reason: answer.tool_calls ? 'tool_calls' : 'stop',
            },
          ],
          usage: { prompt_tokens: 10, completion_tokens: 5, total_tokens: 15 },
        }),
      );
    });
  });
  return Object.assign(server, {
    prompts,
    promptOf,
    unusual,
    breakOff(text: string, words: string) {
      halves.set(text, words);
      return () => void halves.delete(text);
    },
    hold(text: string) {
      let come = (): void => undefined;
      let open = (): void => undefined;
      const came = new Promise<void>((resolve) => {
        come = resolve;
      });
      const gate = new Promise<void>((resolve) => {
        open = resolve;
      });
      holds.set(text, { came: () => come(), gate });
      return {
        came,
        go: () => {
          holds.delete(text);
          open();
        },
      };
    },
  });
}

const textOf = (content: unknown): string =>
  typeof content === 'string'
    ? content
    : Array.isArray(content)
      ? content.map((part: { text?: string }) => part.text ?? '').join('')
      : '';

/** What was recalled into it is not what its user says now. */
const RECALLED = /\n\n\[Earlier in this conversation, recalled [\s\S]*\]$/;

function answerTo(
  messages: Body['messages'],
  whole: string,
): { content: string | null; tool_calls?: object[] } {
  const last = whole.replace(RECALLED, '');
  const known = messages.map(({ content }) => ACCOUNT.exec(textOf(content))?.[1]).find((number) => number);
  if (messages.at(-1)?.role === 'tool') return { content: `It is ${last}.` };
  if (/what is my account number\?/i.test(last))
    return { content: known ? `It is ${known}.` : 'Please tell me your account number.' };
  if (!last.includes('weather')) return { content: `I have read ${messages.length} messages.` };
  return { content: null, tool_calls: CALLS.slice(0, last.includes('here and there') ? 2 : 1) };
}
