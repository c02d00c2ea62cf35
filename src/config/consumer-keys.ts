import { hash, randomBytes } from 'node:crypto';
import { parse } from 'yaml';
import { type PatchOperation, patchText } from './json-patch.ts';
import { Part } from './part.ts';
import type { GatewayConfig } from './schema/index.ts';
import { NAME_PATTERN } from './schema/units.ts';

export type ConsumerKeyEntry = GatewayConfig['consumers'][number]['keys'][number];

/** A key as a file has it: `${…}` stands as text, and what is wrong with the file is not looked at. */
export interface WrittenKey {
  consumer: string;
  id: string;
  notBefore?: string | undefined;
  expires?: string | undefined;
}

/** A change of a file's keys that can't be made, as a sentence for people. */
export class KeyProblem extends Error {
  override readonly name = 'KeyProblem';
}

/** Says what it is to scanners that look for secrets, and nothing about whose it is. 256 bits. */
const PREFIX = 'hck_';
const KEY_BYTES = 32;
/** An end that was now when it was written is meant: keys that are known to others end at once. Milliseconds. */
const JUST_NOW = 60_000;

/** A new key and what the config holds of it. The key itself is kept nowhere. */
export function newKey(): { key: string; sha256: string } {
  const key = PREFIX + randomBytes(KEY_BYTES).toString('base64url');
  return { key, sha256: hash('sha256', key, 'hex') };
}

/** @throws KeyProblem if the text is no YAML */
function consumersOf(text: string): Part[] {
  try {
    return new Part(parse(text, { schema: 'core', merge: true, logLevel: 'error' })).get('consumers').items;
  } catch (cause) {
    throw new KeyProblem('it is not valid YAML: hypercare validate says where', { cause });
  }
}

/** Every key in a configuration's text, in its order. */
export function writtenKeys(text: string): WrittenKey[] {
  return consumersOf(text).flatMap((consumer) =>
    consumer.get('keys').items.map((key) => ({
      consumer: consumer.get('name').text ?? '',
      id: key.get('id').text ?? '',
      notBefore: key.get('notBefore').text,
      expires: key.get('expires').text,
    })),
  );
}

/** How a key stands at a time, for people. */
export function keyState({ notBefore, expires }: Omit<WrittenKey, 'consumer' | 'id'>, now: number): string {
  if (expires !== undefined && Date.parse(expires) <= now) return `expired ${expires}`;
  if (notBefore !== undefined && Date.parse(notBefore) > now) return `not before ${notBefore}`;
  return expires === undefined ? 'active' : `active until ${expires}`;
}

const isToCome = ({ notBefore }: WrittenKey, now: number): boolean =>
  notBefore !== undefined && Date.parse(notBefore) > now;

/** Where a consumer's keys stand. */
function placeOf(text: string, name: string): { at: string; ids: string[] } {
  const consumers = consumersOf(text);
  const index = consumers.findIndex((consumer) => consumer.get('name').text === name);
  if (index < 0) {
    const known = consumers.flatMap((consumer) => consumer.get('name').text ?? []);
    throw new KeyProblem(
      `there is no consumer "${name}"${known.length > 0 ? `; there is ${known.join(', ')}` : ''}`,
    );
  }
  const keys = consumers[index]?.get('keys').items ?? [];
  return { at: `/consumers/${index}/keys`, ids: keys.map((key) => key.get('id').text ?? '') };
}

/** k1, k2, …: the first that the consumer does not have and never had before its last one. */
function nextId(ids: readonly string[]): string {
  const numbers = ids.map((id) => Number(/^k(\d{1,9})$/.exec(id)?.[1] ?? 0));
  return `k${Math.max(0, ...numbers) + 1}`;
}

function addition({ at, ids }: { at: string; ids: string[] }, entry: ConsumerKeyEntry): PatchOperation {
  if (!new RegExp(NAME_PATTERN).test(entry.id)) throw new KeyProblem(`"${entry.id}" is no name for a key`);
  if (ids.includes(entry.id)) throw new KeyProblem(`it has a key "${entry.id}" already`);
  return ids.length === 0
    ? { op: 'add', path: at, value: [entry] }
    : { op: 'add', path: `${at}/-`, value: entry };
}

function change(text: string, operations: PatchOperation[]): string {
  try {
    return patchText(text, operations);
  } catch (cause) {
    throw new KeyProblem(`the file can't be changed: ${(cause as Error).message}`, { cause });
  }
}

export interface KeyChange {
  /** The whole file as it then is. */
  text: string;
  entry: ConsumerKeyEntry;
}

export interface NewKeyOptions {
  consumer: string;
  /** Wall clock, milliseconds since the epoch: a key that ends before it would let nobody in. */
  now: number;
  sha256: string;
  /** The next of k1, k2, … if absent. */
  id?: string | undefined;
  /** RFC 3339. */
  expires?: string | undefined;
}

/** @throws KeyProblem */
export function withKey(text: string, options: NewKeyOptions): KeyChange {
  const place = placeOf(text, options.consumer);
  const entry = entryOf(options, place.ids);
  return { text: change(text, [addition(place, entry)]), entry };
}

/**
 * Gives a consumer a new key and its older ones an end; those that end before it keep their own, and those that have not
 * begun are left alone: they are there to take over.
 * @param until RFC 3339: how long the older ones still let in
 * @param oldId the only one that ends; all of them if absent
 * @throws KeyProblem
 */
export function rotatedKey(
  text: string,
  options: NewKeyOptions & { oldId?: string | undefined; until: string },
): KeyChange & { ended: string[] } {
  const { consumer, oldId, until, now } = options;
  if (Date.parse(until) < now - JUST_NOW)
    throw new KeyProblem(
      `the older keys would have ended already (${until}): give them an end that is to come`,
    );
  const place = placeOf(text, consumer);
  if (oldId !== undefined && !place.ids.includes(oldId)) throw new KeyProblem(`it has no key "${oldId}"`);
  if (place.ids.length === 0) throw new KeyProblem('it has no key: create one');
  const older = writtenKeys(text).filter(
    (key) =>
      key.consumer === consumer &&
      (oldId === undefined ? !isToCome(key, now) : key.id === oldId) &&
      !(key.expires !== undefined && Date.parse(key.expires) <= Date.parse(until)),
  );
  if (older.some((key) => isToCome(key, now)))
    throw new KeyProblem(`its key "${oldId}" has not begun: revoke it, if it is not wanted`);
  const entry = entryOf(options, place.ids);
  const ends = older.map(
    ({ id }): PatchOperation => ({
      op: 'add',
      path: `${place.at}/${place.ids.indexOf(id)}/expires`,
      value: until,
    }),
  );
  return { text: change(text, [...ends, addition(place, entry)]), entry, ended: older.map(({ id }) => id) };
}

/** @throws KeyProblem */
export function withoutKey(text: string, consumer: string, id: string): string {
  return change(text, [{ op: 'remove', path: placeOfKey(text, consumer, id) }]);
}

/**
 * Gives a key an end, sooner or later than the one it may have.
 * @param expires RFC 3339
 * @throws KeyProblem
 */
export function expiringKey(text: string, consumer: string, id: string, expires: string): string {
  const path = `${placeOfKey(text, consumer, id)}/expires`;
  return change(text, [{ op: 'add', path, value: expires }]);
}

function placeOfKey(text: string, consumer: string, id: string): string {
  const { at, ids } = placeOf(text, consumer);
  const index = ids.indexOf(id);
  if (index < 0)
    throw new KeyProblem(`it has no key "${id}"${ids.length > 0 ? `; it has ${ids.join(', ')}` : ''}`);
  return `${at}/${index}`;
}

/** @throws KeyProblem */
function entryOf({ id, sha256, expires, now }: NewKeyOptions, ids: readonly string[]): ConsumerKeyEntry {
  if (expires !== undefined && Date.parse(expires) <= now)
    throw new KeyProblem(`the key would have expired already (${expires}): give it an end that is to come`);
  return { id: id ?? nextId(ids), sha256, ...(expires === undefined ? {} : { expires }) };
}
