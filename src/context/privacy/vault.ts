import { hkdfSync, randomBytes } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import type { Documents } from '../../contracts/store.ts';
import type { TenantSeal } from '../ports.ts';
import { decrypt, encrypt, KEY_BYTES, type MasterKey, masterKeyOf } from './cipher.ts';
import { InstallationSecret, type KnownSecret } from './installation-secret.ts';
import { SealBroken } from './seal-broken.ts';

/** The keys of tenants. Without a secret in the config nothing is sealed. */
export interface Vault {
  /** At once if the tenant's keys are at hand. Fails with StoreUnavailable, or SealBroken if no secret opens them. */
  of(tenant: string): TenantSeal | Promise<TenantSeal>;
  /** Keys at hand are not trusted any more: the next `of` asks for them. */
  lookAgain(tenant: string): void;
  /** Another key for what is sealed from now on; what was sealed before can still be opened. */
  rotate(tenant: string): Promise<void>;
  /** All that was sealed for the tenant, here and in every copy that lacks the keys, is gone. @returns whether there was a key */
  destroy(tenant: string): Promise<boolean>;
  /** Wraps by today's secret what is wrapped by those before it. @returns what was found @throws StoreUnavailable */
  renew(): Promise<WrappedKeys>;
}

/** How many tenants' keys are wrapped by which secret. */
export interface WrappedKeys {
  /** By that of `encryptWith`. */
  readonly current: number;
  /** By one of `decryptWith`: others change them all the time, and the next look wraps them anew. */
  readonly former: number;
  /** By one that the config does not have. */
  readonly unknown: number;
  /** They are not what was written. */
  readonly damaged: number;
}

/** A tenant's keys as they are stored: data keys, each wrapped by the master key of that time. */
interface Keys {
  readonly current: string;
  readonly keys: readonly StoredKey[];
}
interface StoredKey {
  readonly id: string;
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly master: string;
  /** Base64. */
  readonly wrapped: string;
}

export interface VaultOptions {
  readonly documents: Documents;
  /** The secret that keys are wrapped with; '' = nothing is sealed. */
  readonly encryptWith: string;
  /** Secrets that were in its place before: keys are wrapped anew when they are met. */
  readonly decryptWith: readonly string[];
  /** For digests where nothing is sealed, and of the time before; made if absent. */
  readonly installation?: InstallationSecret;
  now(): number;
}

const COLLECTION = 'context-keys';
const MARK = 'v1:';
const MOST_TENANTS = 1000;
/** How long keys are used without asking whether they still are: a key destroyed elsewhere lives on so long here. */
const TRUSTED_MS = 10_000;
/** A data key seals for so long; then there is another. */
const KEY_AGE_MS = 90 * 24 * 60 * 60 * 1000;
const TRIES = 5;

export function openVault(options: VaultOptions): Vault {
  const opened = { installation: new InstallationSecret(options.documents), ...options };
  return options.encryptWith === '' ? new PlainVault(opened) : new SealingVault(opened);
}

type Opened = VaultOptions & Required<Pick<VaultOptions, 'installation'>>;

/** Nothing is sealed. What was sealed before has to stay shut. */
class PlainVault implements Vault {
  readonly #documents: Documents;
  readonly #installation: InstallationSecret;
  #made: { of: KnownSecret; seal: TenantSeal } | undefined;

  constructor({ documents, installation }: Opened) {
    this.#documents = documents;
    this.#installation = installation;
  }

  of(): TenantSeal | Promise<TenantSeal> {
    const known = this.#installation.get();
    return known instanceof Promise ? known.then((secret) => this.#with(secret)) : this.#with(known);
  }

  #with(known: KnownSecret): TenantSeal {
    if (this.#made?.of === known) return this.#made.seal;
    const seal: TenantSeal = {
      secret: known.secret,
      formerSecrets: [...known.former, ''],
      seal: (text) => text,
      open: (text) => {
        if (text.startsWith(MARK))
          throw new SealBroken('secret', 'it is sealed, and context.privacy.encryptWith is empty');
        return text;
      },
    };
    this.#made = { of: known, seal };
    return seal;
  }

  lookAgain(): void {
    // There is nothing to look for.
  }

  async rotate(): Promise<void> {
    throw new SealBroken('secret', 'nothing is sealed: context.privacy.encryptWith is empty');
  }

  destroy(tenant: string): Promise<boolean> {
    return this.#documents.delete(COLLECTION, idOf(tenant), { wipe: true });
  }

  async renew(): Promise<WrappedKeys> {
    return { current: 0, former: 0, unknown: 0, damaged: 0 };
  }
}

class SealingVault implements Vault {
  readonly #documents: Documents;
  readonly #now: () => number;
  readonly #secrets: readonly string[];
  readonly #installation: InstallationSecret;
  #masters: Promise<Masters> | undefined;
  readonly #seals = new LRUCache<string, { seal: TenantSeal; until: number }>({ max: MOST_TENANTS });
  readonly #opening = new Map<string, Promise<TenantSeal>>();
  #destroyed = 0;

  constructor({ documents, encryptWith, decryptWith, now, installation }: Opened) {
    this.#installation = installation;
    this.#documents = documents;
    this.#now = now;
    this.#secrets = [encryptWith, ...decryptWith];
  }

  of(tenant: string): TenantSeal | Promise<TenantSeal> {
    const known = this.#seals.get(tenant);
    if (known && known.until > this.#now()) return known.seal;
    const opening =
      this.#opening.get(tenant) ?? this.#open(tenant).finally(() => this.#opening.delete(tenant));
    this.#opening.set(tenant, opening);
    return opening;
  }

  async rotate(tenant: string): Promise<void> {
    const masters = await this.#known();
    await this.#change(tenant, (keys) => this.#withNewKey(masters, tenant, keys));
  }

  lookAgain(tenant: string): void {
    this.#seals.delete(tenant);
  }

  async destroy(tenant: string): Promise<boolean> {
    this.#destroyed++;
    try {
      return await this.#documents.delete(COLLECTION, idOf(tenant), { wipe: true });
    } finally {
      // Who read them before they went must not put them back; they may have gone also where nobody says so.
      this.#destroyed++;
      this.#seals.delete(tenant);
    }
  }

  async renew(): Promise<WrappedKeys> {
    const masters = await this.#known();
    const found = { current: 0, former: 0, unknown: 0, damaged: 0 };
    for await (const { tenant, keys } of keysIn(this.#documents))
      found[await this.#renewedAs(masters, tenant, keys)]++;
    return found;
  }

  /** Those of one tenant do not keep others from theirs. */
  async #renewedAs(masters: Masters, tenant: string, keys: Keys): Promise<keyof WrappedKeys> {
    if (isWrappedBy(masters[0], keys)) return 'current';
    if (keys.keys.some(({ master }) => masters.every(({ id }) => id !== master))) return 'unknown';
    try {
      await this.#change(tenant, (known) =>
        // Another may have been faster: then there is nothing to write.
        known === undefined || isWrappedBy(masters[0], known)
          ? undefined
          : this.#rewrapped(masters, tenant, known),
      );
      return 'current';
    } catch (error) {
      if (!(error instanceof SealBroken)) throw error;
      // Each time that they were read they could be opened.
      if (error.by === 'contended') return 'former';
      return error.by === 'changed' ? 'damaged' : 'unknown';
    }
  }

  #known(): Promise<Masters> {
    this.#masters ??= Promise.all(this.#secrets.map(masterKeyOf)) as Promise<unknown> as Promise<Masters>;
    return this.#masters;
  }

  async #open(tenant: string): Promise<TenantSeal> {
    const destroyed = this.#destroyed;
    const masters = await this.#known();
    const stored = await this.#documents.get<Keys>(COLLECTION, idOf(tenant));
    const { current, keys } =
      stored && this.#isCurrent(masters, stored.value)
        ? stored.value
        : await this.#change(tenant, (known) => this.#renewed(masters, tenant, known));
    const seal = sealWith(
      tenant,
      current,
      new Map(keys.map((key) => [key.id, unwrap(masters, tenant, key)])),
      await this.#installation.get(),
    );
    if (destroyed === this.#destroyed) this.#seals.set(tenant, { seal, until: this.#now() + TRUSTED_MS });
    return seal;
  }

  #isCurrent([master]: Masters, { current, keys }: Keys): boolean {
    const age = this.#now() - (keys.find(({ id }) => id === current)?.at ?? 0);
    return age < KEY_AGE_MS && isWrappedBy(master, { current, keys });
  }

  /** Wrapped by today's master key, and with a data key that is young enough. */
  #renewed(masters: Masters, tenant: string, known: Keys | undefined): Keys {
    if (!known) return this.#withNewKey(masters, tenant, undefined);
    const rewrapped = this.#rewrapped(masters, tenant, known);
    return this.#isCurrent(masters, rewrapped) ? rewrapped : this.#withNewKey(masters, tenant, rewrapped);
  }

  #rewrapped(masters: Masters, tenant: string, known: Keys): Keys {
    const keys = known.keys.map((key) =>
      key.master === masters[0].id ? key : wrap(masters, tenant, key, unwrap(masters, tenant, key)),
    );
    return { ...known, keys };
  }

  #withNewKey(masters: Masters, tenant: string, known: Keys | undefined): Keys {
    const id = randomBytes(6).toString('hex');
    const key = wrap(masters, tenant, { id, at: this.#now() }, randomBytes(KEY_BYTES));
    return { current: id, keys: [...(known?.keys ?? []), key] };
  }

  /** Two replicas that make a tenant's first key at once must end with the same one. */
  async #change<T extends Keys | undefined>(
    tenant: string,
    make: (known: Keys | undefined) => T,
  ): Promise<T> {
    for (let attempt = 0; attempt < TRIES; attempt++) {
      const stored = await this.#documents.get<Keys>(COLLECTION, idOf(tenant));
      const keys = make(stored?.value);
      // Gone meanwhile, and not to be brought back.
      if (!keys) return keys;
      const put = await this.#documents.put(COLLECTION, idOf(tenant), keys, {
        ifVersion: stored?.version ?? 0,
        replicated: true,
      });
      if (!put.ok) continue;
      this.#seals.delete(tenant);
      return keys;
    }
    throw new SealBroken('contended', 'the tenant’s keys are being changed by somebody else all the time');
  }
}

const isWrappedBy = ({ id }: MasterKey, { keys }: Keys): boolean => keys.every(({ master }) => master === id);

/** The one that wraps, and those of before. */
type Masters = readonly [MasterKey, ...MasterKey[]];

function wrap(
  [master]: Masters,
  tenant: string,
  { id, at }: Pick<StoredKey, 'id' | 'at'>,
  key: Buffer,
): StoredKey {
  const wrapped = encrypt(master.key, key, contextOf(tenant, id)).toString('base64');
  return { id, at, master: master.id, wrapped };
}

function unwrap(masters: Masters, tenant: string, { id, master, wrapped }: StoredKey): Buffer {
  const known = masters.find((each) => each.id === master);
  if (!known)
    throw new SealBroken(
      'secret',
      'the secret that the keys are wrapped with is not in the config: put it into context.privacy.decryptWith',
    );
  try {
    return decrypt(known.key, Buffer.from(wrapped, 'base64'), contextOf(tenant, id));
  } catch (cause) {
    throw new SealBroken('changed', 'a tenant’s key was changed in the store', { cause });
  }
}

function sealWith(
  tenant: string,
  current: string,
  keys: ReadonlyMap<string, Buffer>,
  installation: KnownSecret,
): TenantSeal {
  const key = keys.get(current) as Buffer;
  const [first] = keys.values();
  return {
    secret: secretOf(first as Buffer, tenant),
    formerSecrets: [installation.secret, ...installation.former, ''],
    seal: (text) =>
      `${MARK}${current}:${encrypt(key, Buffer.from(text), contextOf(tenant, current)).toString('base64')}`,
    open(text) {
      if (!text.startsWith(MARK)) return text;
      const end = text.indexOf(':', MARK.length);
      const id = text.slice(MARK.length, end);
      const known = keys.get(id);
      if (!known) throw new SealBroken('destroyed', 'its key was destroyed');
      try {
        return decrypt(known, Buffer.from(text.slice(end + 1), 'base64'), contextOf(tenant, id)).toString();
      } catch (cause) {
        throw new SealBroken('changed', 'it is not what was sealed', { cause });
      }
    },
  };
}

/** Of the tenant's first key, which stays for as long as there are keys: another secret in the config does not change it. */
const secretOf = (first: Buffer, tenant: string): string =>
  Buffer.from(hkdfSync('sha256', first, tenant, 'digests', KEY_BYTES)).toString('hex');

const PREFIX = 'tenant ';
const idOf = (tenant: string): string => `${PREFIX}${tenant}`;
/** Binds what is sealed to its tenant and key: moved elsewhere it does not open. */
const contextOf = (tenant: string, key: string): string => JSON.stringify([tenant, key]);

/** The keys of all tenants. */
async function* keysIn(documents: Documents): AsyncGenerator<{ tenant: string; keys: Keys }> {
  for (let after = PREFIX; ; ) {
    const page = await documents.list<Keys>(COLLECTION, { after });
    for (const { id, value } of page) {
      if (!id.startsWith(PREFIX)) return;
      yield { tenant: id.slice(PREFIX.length), keys: value };
      after = id;
    }
    if (page.length === 0) return;
  }
}
