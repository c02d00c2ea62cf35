import { parseObject } from '../lib/json.ts';

/** Characters of all arguments that are kept to be looked at. What is longer is taken on trust. */
const MOST = 256 * 1024;

/** The arguments of an answer's tool calls, put together as they come: each must be a JSON object once it is whole. */
export class ToolArguments {
  #calls: Map<string, string> | undefined;
  #characters = 0;

  start(choice: number, call: number): void {
    this.#calls ??= new Map();
    this.#calls.set(`${choice}/${call}`, '');
  }

  add(choice: number, call: number, text: string): void {
    const key = `${choice}/${call}`;
    this.#characters += text.length;
    if (this.#characters > MOST) return;
    this.#calls ??= new Map();
    this.#calls.set(key, (this.#calls.get(key) ?? '') + text);
  }

  /** A call of a tool that takes nothing may come without any. */
  get areMalformed(): boolean {
    if (!this.#calls || this.#characters > MOST) return false;
    return [...this.#calls.values()].some((text) => text.trim() !== '' && parseObject(text) === undefined);
  }
}
