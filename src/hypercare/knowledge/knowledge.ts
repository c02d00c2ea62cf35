import MiniSearch from 'minisearch';
import type { Detection } from '../../contracts/finding.ts';
import type { Documents } from '../../contracts/store.ts';
import type { Finding, Similar } from '../findings/finding.ts';
import { placeWords } from '../findings/sentence.ts';
import { entryOf, type KnowledgeEntry } from './entry.ts';

const COLLECTION = 'knowledge';
const PAGE = 1000;
/** The newest; 2 kB each. */
const MOST = 5000;
/** Similar ones that are shown. */
const SHOWN = 3;
/** Others may have written meanwhile. */
const FRESH_MS = 30_000;
/** What a full agreement counts, beside the words: the same fingerprint is the same thing again. */
const SAME = { fingerprint: 10, place: 3, detector: 1 };
/** Below it two things have a word in common, no more. */
const LEAST = 2;

/** The knowledge base: in the store, for ever, searchable. */
export class Knowledge {
  readonly #documents: Documents;
  readonly #now: () => number;
  #entries: readonly KnowledgeEntry[] = [];
  #index: MiniSearch<KnowledgeEntry> | undefined;
  #readAt = Number.NEGATIVE_INFINITY;

  constructor(documents: Documents, now: () => number) {
    this.#documents = documents;
    this.#now = now;
  }

  /** What a finding taught, in place of what it taught before. @throws StoreUnavailable */
  async learn(finding: Finding): Promise<void> {
    const entry = entryOf(finding);
    await this.#documents.put(COLLECTION, entry.id, entry);
    this.#readAt = Number.NEGATIVE_INFINITY;
  }

  /** Newest first. @throws StoreUnavailable */
  async all(): Promise<readonly KnowledgeEntry[]> {
    await this.#read();
    return this.#entries;
  }

  /** By words, the best first. @throws StoreUnavailable */
  async search(text: string): Promise<KnowledgeEntry[]> {
    await this.#read();
    const byId = new Map(this.#entries.map((entry) => [entry.id, entry]));
    return (this.#index?.search(text) ?? []).flatMap(({ id }) => byId.get(String(id)) ?? []);
  }

  /** Findings of the past like this one, with what fixed them. @throws StoreUnavailable */
  async similar(detection: Detection, title: string): Promise<Similar[]> {
    await this.#read();
    const words = `${title} ${detection.cause.sentence} ${detection.reason}`;
    const byText = new Map((this.#index?.search(words) ?? []).map(({ id, score }) => [String(id), score]));
    const best = Math.max(1, ...byText.values());
    const place = placeWords(detection.where);
    return this.#entries
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

  async #read(): Promise<void> {
    if (this.#now() - this.#readAt < FRESH_MS) return;
    const entries: KnowledgeEntry[] = [];
    for (let after = ''; ; ) {
      const page = await this.#documents.list<KnowledgeEntry>(COLLECTION, { after, limit: PAGE });
      entries.push(...page.map(({ value }) => value));
      if (entries.length > MOST) entries.splice(0, entries.length - MOST);
      const last = page.at(-1);
      if (page.length < PAGE || last === undefined) break;
      after = last.id;
    }
    const index = new MiniSearch<KnowledgeEntry>({
      fields: ['title', 'symptom', 'place', 'fix', 'causes', 'notes'],
      extractField: (entry, field) =>
        field === 'causes' ? entry.cause.sentence : String(entry[field as keyof KnowledgeEntry] ?? ''),
      searchOptions: { prefix: true },
    });
    index.addAll(entries);
    this.#index = index;
    this.#entries = entries.reverse();
    this.#readAt = this.#now();
  }
}

const scoreOf = (entry: KnowledgeEntry, { fingerprint, detector }: Detection, place: string): number =>
  (entry.fingerprint === fingerprint ? SAME.fingerprint : 0) +
  (entry.place === place && place !== 'everywhere' ? SAME.place : 0) +
  (entry.detector === detector ? SAME.detector : 0);
