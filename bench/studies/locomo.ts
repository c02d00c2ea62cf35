import { readFileSync } from 'node:fs';
import { get_encoding } from 'tiktoken';
import type { Passage } from '../../src/context/recall/recall-index.ts';
import { onDemand } from '../../src/lib/on-demand.ts';

export interface Question {
  text: string;
  /** Positions of the passages that hold the answer's evidence. */
  evidence: readonly number[];
}

export interface Conversation {
  name: string;
  passages: readonly Passage[];
  /** Of each passage with its speaker's name (o200k_base). */
  tokens: readonly number[];
  questions: readonly Question[];
}

interface Turn {
  speaker: string;
  dia_id: string;
  text: string;
  blip_caption?: string;
}

interface Sample {
  sample_id: string;
  conversation: Record<string, string | Turn[]>;
  qa: { question: string; evidence?: string[]; category: number }[];
}

/** Those without an answer in the conversation; they have no evidence to find. */
const ADVERSARIAL = 5;

/**
 * @param file JSON in LoCoMo's form: sessions of turns, and questions with the ids of the turns that hold the evidence
 * @throws an Error if it is anything else
 */
export function readConversations(file: string): Conversation[] {
  const samples = JSON.parse(readFileSync(file, 'utf8')) as Sample[];
  if (!Array.isArray(samples) || samples.some((sample) => !sample.conversation || !sample.qa))
    throw new Error(`${file} is not in LoCoMo's form: a list of samples with "conversation" and "qa"`);
  return samples.map(toConversation);
}

/** Kept for as long as the process lives. */
const encoding = onDemand(() => get_encoding('o200k_base'));

/** Tokens of a text (o200k_base). */
export const countTokens = (text: string): number => encoding().encode(text, [], []).length;

/** A passage as a transcript has it. */
export const lineOf = ({ speaker, text }: Passage): string => `${speaker}: ${text.trim()}`;

function toConversation(sample: Sample): Conversation {
  const passages: Passage[] = [];
  const positions = new Map<string, number>();
  for (let episode = 1; `session_${episode}_date_time` in sample.conversation; episode++) {
    const turns = sample.conversation[`session_${episode}`] ?? [];
    for (const { speaker, dia_id, text, blip_caption } of turns as Turn[]) {
      positions.set(dia_id, passages.length);
      passages.push({ speaker, episode, text: blip_caption ? `${text} [photo: ${blip_caption}]` : text });
    }
  }
  const questions = sample.qa
    .filter(({ category }) => category !== ADVERSARIAL)
    // The data writes several ids in one string here and there.
    .map(({ question, evidence = [] }) => ({
      text: question,
      evidence: [
        ...new Set(evidence.flatMap((ids) => ids.split(/[;\s,]+/)).flatMap((id) => positions.get(id) ?? [])),
      ],
    }))
    .filter(({ evidence }) => evidence.length > 0);
  return {
    name: sample.sample_id,
    passages,
    tokens: passages.map(({ speaker, text }) => countTokens(`${speaker}: ${text}\n`)),
    questions,
  };
}
