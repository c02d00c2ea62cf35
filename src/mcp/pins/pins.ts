import type { Tool } from '@modelcontextprotocol/server';
import type { OnStateChange } from '../../contracts/state-change.ts';
import type { Documents } from '../../contracts/store.ts';
import type { Logger } from '../../telemetry/logger.ts';
import { canonicalDigest } from './canonical.ts';
import { differences } from './differences.ts';
import { isSameExecution, toolDigest } from './tool-digest.ts';

/** The definition of a tool as it was first seen or last approved, and the one that it has now, where they differ. */
export interface Pin {
  readonly server: string;
  readonly tool: string;
  /** SHA-256 of the canonical form of the whole definition (`toolDigest`). */
  readonly sha256: string;
  readonly definition: Tool;
  /** Milliseconds since the epoch. */
  readonly pinnedAt: number;
  /** Who approved it; `gateway`: it was the first that was seen. */
  readonly by: string;
  readonly changed: {
    readonly sha256: string;
    readonly definition: Tool;
    readonly at: number;
    /** A line each. */
    readonly difference: readonly string[];
  } | null;
}

export const PINS = 'mcp/pins';
/** How old what is known of a server may be: what another replica saw or an operator approved is known after so long. */
const FRESH_MS = 2000;
const PAGE = 1000;
const RETRIES = 5;
/** Characters of a digest that are told. */
const SHOWN = 16;
/** Tools of a server that are pinned; what it lists beyond is out of use. */
const MOST_TOOLS = 5000;

const idOf = (server: string, tool: string): string => canonicalDigest([server, tool]);

interface Known {
  readonly pins: Map<string, Pin>;
  /** Tools that are not what the config says they are: their digest. */
  readonly others: Map<string, string>;
  readAt: number;
  reading: Promise<void> | undefined;
}

/**
 * Watches that tools stay what they were: a description is what a model acts on, and a server that changes it behind
 * everybody's back can make the model do anything (tool poisoning). The whole object is pinned, not a part of it.
 */
export class Pins {
  readonly #documents: Documents;
  readonly #onChange: OnStateChange;
  readonly #log: Logger;
  readonly #clock: { wall(): number; monotonic(): number };
  readonly #servers = new Map<string, Known>();

  constructor(ports: {
    documents: Documents;
    onChange: OnStateChange;
    log: Logger;
    clock: { wall(): number; monotonic(): number };
  }) {
    this.#documents = ports.documents;
    this.#onChange = ports.onChange;
    this.#log = ports.log;
    this.#clock = ports.clock;
  }

  /**
   * Looks at tools as their server lists them now.
   * @param configured digests from the config, by tool
   * @returns the names of those that are not what they were
   * @throws StoreUnavailable if it is not known what they were
   */
  async check(
    server: string,
    tools: readonly Tool[],
    configured: (tool: string) => string | undefined,
  ): Promise<ReadonlySet<string>> {
    const known = await this.#fresh(server);
    const changed = new Set<string>();
    for (const tool of tools) {
      const sha256 = toolDigest(tool);
      const wanted = configured(tool.name);
      if (wanted !== undefined) {
        // The config's word is the last one: nothing is learnt and nothing approved.
        if (sha256 === wanted) known.others.delete(tool.name);
        else {
          changed.add(tool.name);
          this.#sayOnce(known, server, tool.name, wanted, sha256);
        }
        continue;
      }
      known.others.delete(tool.name);
      if (!known.pins.has(tool.name) && known.pins.size >= MOST_TOOLS) {
        changed.add(tool.name);
        continue;
      }
      const pin = await this.#see(known, server, tool, sha256);
      if (pin.changed) changed.add(tool.name);
    }
    return changed;
  }

  /**
   * Whether a tool is known to have changed. Answers from memory; what that is grows newer behind it. Where nothing is known yet
   * it is read first.
   * @throws StoreUnavailable if nothing is known and nothing can be
   */
  async isChanged(server: string, tool: string): Promise<boolean> {
    let known = this.#servers.get(server);
    if (known === undefined || known.readAt === Number.NEGATIVE_INFINITY) known = await this.#fresh(server);
    else if (this.#clock.monotonic() - known.readAt > FRESH_MS) {
      this.#fresh(server).catch((error: unknown) =>
        this.#log.warn(
          { err: error, server },
          'what is known of the tools of an MCP server can’t be read again',
        ),
      );
    }
    return known.others.has(tool) || known.pins.get(tool)?.changed != null;
  }

  /** All pins, for operators. @throws StoreUnavailable */
  async list(): Promise<Pin[]> {
    const pins: Pin[] = [];
    for (let after: string | undefined; ; ) {
      const page = await this.#documents.list<Pin>(PINS, {
        limit: PAGE,
        ...(after !== undefined && { after }),
      });
      pins.push(...page.map(({ value }) => value));
      if (page.length < PAGE) break;
      after = page.at(-1)?.id;
    }
    return pins.sort((a, b) => (a.server + a.tool < b.server + b.tool ? -1 : 1));
  }

  /**
   * Makes the changed definition the one that counts.
   * @param sha256 of the definition that was looked at: another one is not approved with it
   * @returns false if there is no such change
   * @throws StoreUnavailable
   */
  async approve(server: string, tool: string, sha256: string, by: string): Promise<boolean> {
    const stored = await this.#documents.get<Pin>(PINS, idOf(server, tool));
    const change = stored?.value.changed;
    if (!stored || change?.sha256 !== sha256) return false;
    const { definition } = change;
    const pin: Pin = { server, tool, sha256, definition, pinnedAt: this.#clock.wall(), by, changed: null };
    const put = await this.#documents.put(PINS, stored.id, pin, { ifVersion: stored.version });
    if (!put.ok) return false;
    this.#servers.get(server)?.pins.set(tool, pin);
    this.#say(pin, 'approved', `its change was approved, as ${sha256.slice(0, SHOWN)}`, by);
    return true;
  }

  async #see(known: Known, server: string, tool: Tool, sha256: string): Promise<Pin> {
    const remembered = known.pins.get(tool.name);
    if (remembered && isKnown(remembered, tool, sha256)) return remembered;
    const id = idOf(server, tool.name);
    for (let attempt = 0; attempt < RETRIES; attempt++) {
      const stored = await this.#documents.get<Pin>(PINS, id);
      const pin = this.#next(stored?.value, server, tool, sha256);
      if (stored && pin === stored.value) {
        // Another replica's, or our own whose answer the store has kept to itself.
        if (pin.changed && remembered?.changed?.sha256 !== pin.changed.sha256) this.#sayChanged(pin);
        return remember(known, pin);
      }
      const put = await this.#documents.put(PINS, id, pin, { ifVersion: stored?.version ?? 0 });
      // Who wrote first says so.
      if (!put.ok) continue;
      if (pin.changed) this.#sayChanged(pin);
      return remember(known, pin);
    }
    throw new Error(`the pin of ${server} ${tool.name} is written by too many at once`);
  }

  /** A change stays one until somebody approves it, also if the old definition comes back meanwhile. */
  #next(stored: Pin | undefined, server: string, tool: Tool, sha256: string): Pin {
    const at = this.#clock.wall();
    if (!stored)
      return {
        server,
        tool: tool.name,
        sha256,
        definition: tool,
        pinnedAt: at,
        by: 'gateway',
        changed: null,
      };
    if (isKnown(stored, tool, sha256)) return stored;
    // First seen in 2026-07-28, and now in the revision that says how it may be called.
    if (stored.sha256 === sha256 && stored.definition.execution === undefined)
      return { ...stored, definition: tool };
    const difference = differences(stored.definition, tool);
    return { ...stored, changed: { sha256, definition: tool, at, difference } };
  }

  #sayOnce(known: Known, server: string, tool: string, wanted: string, sha256: string): void {
    if (known.others.get(tool) === sha256) return;
    if (known.others.size < MOST_TOOLS) known.others.set(tool, sha256);
    const reason = `it is ${sha256.slice(0, SHOWN)} and not ${wanted.slice(0, SHOWN)}, as the config says`;
    this.#say({ server, tool }, 'changed', reason, 'gateway');
  }

  #sayChanged(pin: Pin): void {
    if (pin.changed) this.#say(pin, 'changed', pin.changed.difference.join('; '), 'gateway');
  }

  #say(
    { server, tool }: Pick<Pin, 'server' | 'tool'>,
    to: 'changed' | 'approved',
    reason: string,
    by: string,
  ): void {
    const from = to === 'changed' ? 'pinned' : 'changed';
    this.#onChange({
      at: this.#clock.wall(),
      kind: 'tool',
      subject: `${server} ${tool}`,
      from,
      to,
      reason,
      by,
    });
  }

  async #fresh(server: string): Promise<Known> {
    let known = this.#servers.get(server);
    if (!known) {
      known = { pins: new Map(), others: new Map(), readAt: Number.NEGATIVE_INFINITY, reading: undefined };
      this.#servers.set(server, known);
    }
    if (this.#clock.monotonic() - known.readAt <= FRESH_MS) return known;
    const mine = known;
    mine.reading ??= this.#read(server, mine).finally(() => {
      mine.reading = undefined;
    });
    await mine.reading;
    return mine;
  }

  async #read(server: string, known: Known): Promise<void> {
    const all = await this.list();
    for (const pin of all) {
      if (pin.server !== server) continue;
      const before = known.pins.get(pin.tool);
      known.pins.set(pin.tool, pin);
      // What was changed or approved elsewhere, or before this process began, is told here too: findings go by it.
      if (pin.changed && before?.changed?.sha256 !== pin.changed.sha256) this.#sayChanged(pin);
      if (!pin.changed && before?.changed) this.#say(pin, 'approved', 'its change was approved', pin.by);
    }
    known.readAt = this.#clock.monotonic();
  }
}

/** Whether a tool is what it was when it was pinned, or what it has been found to have become. */
const isKnown = (pin: Pin, tool: Tool, sha256: string): boolean =>
  [pin, pin.changed].some(
    (each) => each !== null && each.sha256 === sha256 && saysNoMore(tool, each.definition),
  );

/** Whether nothing of how a tool may be called is other than pinned, or new. */
const saysNoMore = (tool: Tool, pinned: Tool): boolean =>
  isSameExecution(tool, pinned) && (tool.execution === undefined || pinned.execution !== undefined);

function remember(known: Known, pin: Pin): Pin {
  known.pins.set(pin.tool, pin);
  return pin;
}
