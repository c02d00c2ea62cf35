import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { isObject, objectOf, objectsOf, textOf } from '../../lib/json.ts';
import { retryAfterMs } from '../../upstream/retry-rule.ts';
import { hasWords } from '../facts/has-words.ts';
import { distraction } from './distractions.ts';
import { PlantedFacts, plantedIn } from './planted-facts.ts';
import { type ProbeAnswer, type ProbeFault, type ProbeReport, reportOf } from './report.ts';
import type { ProbeScript, ProbeStep } from './script.ts';

/** Where a probe talks to, and what it can reach beside it. */
export interface ProbeTarget {
  /** Of the gateway's AI routes, with their prefix: `http://127.0.0.1:8080/v1`. */
  readonly url: string;
  readonly apiKey: string;
  /** Alias. */
  readonly model: string;
  /** Of the admin API; undefined: it is out of reach, and steps that need it are passed over. */
  readonly admin?: { readonly url: string; readonly token: string } | undefined;
  /** Does what a hook stands for; undefined: nobody has said how. Fails if it could not be done. */
  hook?(name: string): Promise<void> | undefined;
  readonly clock: { wall(): number; monotonic(): number };
  /** Milliseconds for one answer, and for all waiting where it is 503. */
  readonly timeoutMs: number;
  /** Ends the run where it is; absent: nobody does. */
  readonly signal?: AbortSignal;
}

interface SaidMessage {
  readonly role: 'user' | 'assistant' | 'tool';
  readonly content: string;
  readonly tool_calls?: readonly unknown[];
  readonly tool_call_id?: string;
}

/** Milliseconds between an answer of 503 and the next try at least. */
const LEAST_WAIT_MS = 500;

/** What ends a run: the conversation can't go on. */
class Broken extends Error {}

/** Runs a script as a client would: each turn says only what is new, and the gateway must know the rest. */
export function runProbe(script: ProbeScript, target: ProbeTarget): Promise<ProbeReport> {
  return new ProbeRun(script, target).run();
}

class ProbeRun {
  readonly #script: ProbeScript;
  readonly #target: ProbeTarget;
  readonly #session = `probe-${randomUUID()}`;
  /** As the client knows it. */
  #history: SaidMessage[] = [];
  #turns = 0;
  #distractions = 0;
  readonly #planted = new PlantedFacts();
  readonly #answers: ProbeAnswer[] = [];
  readonly #faults: ProbeFault[] = [];
  readonly #skipped: number[] = [];
  readonly #statuses: Record<string, number> = {};
  #status = '';

  constructor(script: ProbeScript, target: ProbeTarget) {
    this.#script = script;
    this.#target = target;
  }

  async run(): Promise<ProbeReport> {
    const { clock, model, signal } = this.#target;
    const [at, began] = [clock.wall(), clock.monotonic()];
    let isBroken = false;
    for (const [index, step] of this.#script.steps.entries()) {
      try {
        if (!(await this.#do(step))) this.#skipped.push(index + 1);
      } catch (error) {
        this.#faults.push({ step: index + 1, what: (error as Error).message });
        isBroken = true;
        if (error instanceof Broken || signal?.aborted) break;
      }
    }
    return reportOf(this.#script, {
      model,
      at,
      durationMs: clock.monotonic() - began,
      turns: this.#turns,
      answers: this.#answers,
      faults: this.#faults,
      skipped: this.#skipped,
      statuses: this.#statuses,
      isBroken,
    });
  }

  /** @returns false if it can't be done here */
  async #do(step: ProbeStep): Promise<boolean> {
    if ('tool' in step) await this.#useTool(step.say, step.tool);
    else if ('say' in step) await this.#say(step.say);
    else if ('edit' in step) await this.#edit(step.edit.turn, step.edit.say);
    else if ('distract' in step) {
      for (let i = 0; i < step.distract; i++) await this.#say(distraction(this.#distractions++));
    } else if ('ask' in step) await this.#ask(step.ask, step.expect, step.not);
    else if ('reload' in step) return await this.#callAdmin({ path: '/api/config/renew' });
    else if ('admin' in step) return await this.#callAdmin(step.admin);
    else {
      const done = this.#target.hook?.(step.hook);
      await done;
      return done !== undefined;
    }
    for (const [name, value] of plantedIn(step)) this.#planted.plant(name, value, this.#turns);
    return true;
  }

  async #say(text: string): Promise<string> {
    this.#turns++;
    const answer = await this.#send([{ role: 'user', content: text }]);
    return textOf(answer.content);
  }

  async #ask(text: string, fact: string, not: readonly string[] = []): Promise<void> {
    const said = await this.#say(text);
    const planted = this.#planted.get(fact);
    if (!planted) throw new Error(`${fact} was not planted: the step that does it went wrong`);
    const { value, turn } = planted;
    const has = (words: string): boolean => hasWords(plain(said), plain(words));
    const unwanted = not.filter(has);
    const found = has(value) && unwanted.length === 0;
    const distance = this.#turns - turn;
    this.#answers.push({
      fact,
      distance,
      found,
      unwanted,
      status: this.#status,
      said: found ? '' : said.slice(0, 200),
    });
  }

  /** Says an earlier turn otherwise, as a client does that lets its user edit: with all of the history up to it. */
  async #edit(turn: number, text: string): Promise<void> {
    const users = this.#history.flatMap(({ role }, at) => (role === 'user' ? [at] : []));
    const at = users[turn - 1];
    if (at === undefined) throw new Broken(`there is no turn ${turn} to edit`);
    const before = this.#history.slice(0, at);
    this.#planted.takeBack(turn);
    this.#history = before;
    this.#turns = turn;
    await this.#send([{ role: 'user', content: text }], { isWhole: true });
  }

  async #useTool(text: string, { name, result }: { name: string; result: string }): Promise<void> {
    this.#turns++;
    const description = 'Looks up what the user asks for.';
    const parameters = { type: 'object', properties: { query: { type: 'string' } } };
    const tools = [{ type: 'function', function: { name, description, parameters } }];
    const answer = await this.#send([{ role: 'user', content: text }], { tools });
    const calls = objectsOf(answer.tool_calls);
    if (calls.length === 0) throw new Error(`the model did not call ${name}`);
    await this.#send(
      calls.map(({ id }) => ({ role: 'tool' as const, tool_call_id: textOf(id), content: result })),
      { tools },
    );
  }

  /** @returns the message of the answer */
  async #send(
    fresh: readonly SaidMessage[],
    { isWhole = false, tools }: { isWhole?: boolean; tools?: readonly unknown[] } = {},
  ): Promise<{ readonly [key: string]: unknown }> {
    const { model } = this.#target;
    const { system } = this.#script;
    const messages = [
      ...(system === undefined ? [] : [{ role: 'system', content: system }]),
      ...(isWhole ? this.#history : []),
      ...fresh,
    ];
    const mode = isWhole ? 'full' : 'delta';
    const response = await this.#chat(mode, JSON.stringify({ model, messages, ...(tools && { tools }) }));
    const body: unknown = await response.json().catch(() => undefined);
    const message = objectOf(objectOf(objectsOf(objectOf(body).choices)[0]).message);
    if (!response.ok || !isObject(body)) {
      const { code } = objectOf(objectOf(body).error);
      throw new Broken(`answered ${response.status}${typeof code === 'string' ? ` ${code}` : ''}`);
    }
    const { tool_calls: calls } = message;
    this.#history.push(...fresh, {
      role: 'assistant',
      content: textOf(message.content),
      ...(Array.isArray(calls) && { tool_calls: calls }),
    });
    return message;
  }

  /** Where the answer is 503 something restarts, or has too much to do: it is asked for again when it says, as a client would. */
  async #chat(mode: 'full' | 'delta', body: string): Promise<Response> {
    const { url, apiKey, clock, timeoutMs, signal } = this.#target;
    for (let waitedMs = 0; ; ) {
      const response = await this.#fetch(`${url}/chat/completions`, {
        method: 'POST',
        headers: {
          authorization: `Bearer ${apiKey}`,
          'content-type': 'application/json',
          'x-session-id': this.#session,
          'x-context-mode': mode,
        },
        body,
      });
      this.#status = response.headers.get('x-context-status') ?? '';
      const status = this.#status === '' ? 'none' : this.#status;
      this.#statuses[status] = (this.#statuses[status] ?? 0) + 1;
      const asked = retryAfterMs(response.headers.get('retry-after') ?? undefined, clock.wall());
      const waitMs = Math.max(LEAST_WAIT_MS, asked);
      if (response.status !== 503 || waitedMs + waitMs > timeoutMs) return response;
      await response.body?.cancel();
      await sleep(waitMs, undefined, { signal }).catch(({ message }: Error) => {
        throw new Broken(message);
      });
      waitedMs += waitMs;
    }
  }

  async #callAdmin({
    method = 'POST',
    path,
    body,
  }: {
    method?: string;
    path: string;
    body?: unknown;
  }): Promise<boolean> {
    if (!this.#target.admin) return false;
    const etag = (await this.#admin('GET', '/api/config')).headers.get('etag');
    const response = await this.#admin(method, path, body, etag);
    if (!response.ok) throw new Error(`${method} ${path} answered ${response.status}`);
    return true;
  }

  /** @returns an answer of which nobody will read what it holds */
  async #admin(method: string, path: string, body?: unknown, etag?: string | null): Promise<Response> {
    const { url, token } = this.#target.admin as NonNullable<ProbeTarget['admin']>;
    const response = await this.#fetch(`${url}${path}`, {
      method,
      headers: {
        authorization: `Bearer ${token}`,
        ...(etag && method !== 'GET' ? { 'if-match': etag } : {}),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    await response.body?.cancel();
    return response;
  }

  async #fetch(url: string, options: RequestInit): Promise<Response> {
    const { signal, timeoutMs } = this.#target;
    const timeout = AbortSignal.timeout(timeoutMs);
    try {
      return await fetch(url, {
        ...options,
        redirect: 'error',
        signal: signal ? AbortSignal.any([signal, timeout]) : timeout,
      });
    } catch (error) {
      const { cause, message } = error as Error;
      throw new Broken(cause instanceof Error ? cause.message : message);
    }
  }
}

const plain = (text: string): string => text.toLowerCase().replace(/\s+/gu, ' ');
