import MiniSearch from 'minisearch';
import type { Detection } from '../../contracts/finding.ts';
import type { Documents } from '../../contracts/store.ts';
import type { Finding, Similar } from '../findings/finding.ts';
import { placeWords } from '../findings/sentence.ts';
import { Mirror } from '../mirror.ts';
import { entryOf, type KnowledgeEntry } from './entry.ts';

const COLLECTION = 'knowledge';
/** The newest, in memory; 2 kB each. */
const MOST = 5000;
/** Similar ones that are shown. */
const SHOWN = 3;
/** Entries that are taken into the index before requests get a turn: some 3 ms. */
const INDEXED_A_TURN = 20;
/** What a full agreement counts, beside the words: the same fingerprint is the same thing again. */
const SAME = { fingerprint: 10, place: 3, detector: 1 };
/** Below it two things have a word in common, no more. */
const LEAST = 2;

/** The knowledge base: in the store, for ever, searchable. */
export class Knowledge {
  readonly #documents: Documents;
  readonly #mirror: Mirror<KnowledgeEntry>;
  readonly #index = new MiniSearch<KnowledgeEntry>({
    fields: ['title', 'symptom', 'place', 'fix', 'causes', 'notes'],
    extractField: (entry, field) =>
      field === 'causes' ? entry.cause.sentence : String(entry[field as keyof KnowledgeEntry] ?? ''),
    searchOptions: { prefix: true },
  });
  /** What the index holds, by id. */
  #indexed = new Map<string, KnowledgeEntry>();
  #indexing: Promise<unknown> = Promise.resolve();

  constructor(documents: Documents) {
    this.#documents = documents;
    this.#mirror = new Mirror(documents, COLLECTION, { most: MOST, pick: (entry) => entry });
  }

  /** What a finding taught, in place of what it taught before. @throws StoreUnavailable */
  async learn(finding: Finding): Promise<void> {
    const entry = entryOf(finding);
    await this.#documents.put(COLLECTION, entry.id, entry);
  }

  /** Newest first. @throws StoreUnavailable */
  all(): Promise<readonly KnowledgeEntry[]> {
    return this.#mirror.all();
  }

  /** By words, the best first. @throws StoreUnavailable */
  async search(text: string): Promise<KnowledgeEntry[]> {
    await this.#indexAll();
    return this.#index.search(text).flatMap(({ id }) => this.#indexed.get(String(id)) ?? []);
  }

  /** Findings of the past like this one, with what fixed them. @throws StoreUnavailable */
  async similar(detection: Detection, title: string): Promise<Similar[]> {
    const entries = await this.#indexAll();
    const words = `${title} ${detection.cause.sentence} ${detection.reason}`;
    const byText = new Map(this.#index.search(words).map(({ id, score }) => [String(id), score]));
    const best = Math.max(1, ...byText.values());
    const place = placeWords(detection.where);
    return entries
      .map((entry) => ({
        entry,
        score: scoreOf(entry, detection, place) + (2 * (byText.get(entry.id) ?? 0)) / best,
      }))
      .filter(({ score }) => score >= LEAST)
      .sort((a, b) => b.score - a.score || b.entry.at - a.entry.at)
      .slice(0, SHOWN)
      .map(({ entry, score }) => ({
        finding: entry.id,
        title: entry.title,
        score: Math.round(score * 100) / 100,
        fixedBy: entry.fix,
      }));
  }

  /** Brings the index to what is there now: only what is other than before is taken in, or out. */
  #indexAll(): Promise<readonly KnowledgeEntry[]> {
    const indexed = this.#indexing.then(async () => {
      const entries = await this.#mirror.all();
      const now = new Map(entries.map((entry) => [entry.id, entry]));
      const before = this.#indexed;
      const isSame = (entry: KnowledgeEntry): boolean => now.get(entry.id) === before.get(entry.id);
      const gone = [...before.values()].filter((entry) => !isSame(entry)).map(({ id }) => id);
      const added = entries.filter((entry) => !isSame(entry));
      this.#index.discardAll(gone);
      this.#indexed = now;
      await this.#index.addAllAsync(added, { chunkSize: INDEXED_A_TURN });
      return entries;
    });
    this.#indexing = indexed.catch(() => undefined);
    return indexed;
  }
}

const scoreOf = (entry: KnowledgeEntry, { fingerprint, detector }: Detection, place: string): number =>
  (entry.fingerprint === fingerprint ? SAME.fingerprint : 0) +
  (entry.place === place && place !== 'everywhere' ? SAME.place : 0) +
  (entry.detector === detector ? SAME.detector : 0);
