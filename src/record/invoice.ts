import { parseCsv } from '../lib/csv.ts';
import type { InvoiceLine } from './reconcile.ts';

/** Names that vendors give to the columns. The first that is there counts; those of `tokens` are added up. */
const COLUMNS = {
  day: ['day', 'date', 'usage_date', 'date_utc', 'usage_date_utc', 'start_time_iso'],
  model: ['model', 'model_version', 'line_item', 'sku'],
  usd: ['usd', 'cost', 'cost_usd', 'amount', 'amount_value', 'amount_usd'],
  tokens: ['tokens', 'total_tokens'],
} as const;
const PARTS_OF_TOKENS = [
  ['input', 'input_tokens', 'prompt_tokens', 'usage_input_tokens', 'usage_input_tokens_no_cache'],
  ['usage_input_tokens_cache_read', 'cache_read_input_tokens'],
  ['usage_input_tokens_cache_write', 'usage_input_tokens_cache_write_5m', 'cache_creation_input_tokens'],
  ['usage_input_tokens_cache_write_1h'],
  ['output', 'output_tokens', 'completion_tokens', 'usage_output_tokens'],
];

/** What OpenAI's lines of costs say of the model beside its name: `gpt-4o-mini, cached input`, `gpt-audio audio, output`. */
const OF_THE_MODEL = /(?: (?:audio|image|text))?,[^,]*$/;
const NO_MODEL = '(no model)';

/**
 * Reads an invoice or usage export: CSV with a line of column names, of which a day, a model and tokens or US dollars
 * are needed.
 * @throws Error that names the line and what is wrong with it
 */
export function readInvoice(text: string): InvoiceLine[] {
  const [names, ...rows] = parseCsv(text);
  const columns = new Map(
    names?.map((name, at) => [
      name
        .trim()
        .toLowerCase()
        .replaceAll(/[ .-]+/g, '_'),
      at,
    ]),
  );
  const place = (candidates: readonly string[]): number =>
    columns.get(candidates.find((name) => columns.has(name)) ?? '') ?? -1;
  const [day, model, usd, all] = [COLUMNS.day, COLUMNS.model, COLUMNS.usd, COLUMNS.tokens].map(place) as [
    number,
    number,
    number,
    number,
  ];
  const tokens = all >= 0 ? [all] : PARTS_OF_TOKENS.map(place).filter((at) => at >= 0);
  if (day < 0 || model < 0 || (usd < 0 && tokens.length === 0))
    throw new Error(
      'line 1: it must name the columns day, model, and tokens (or input_tokens and output_tokens) or usd',
    );
  return rows.flatMap((row, at) => {
    const line = at + 2;
    const figures: Pick<InvoiceLine, 'tokens' | 'usd'> = {
      ...(tokens.length > 0 && {
        tokens: tokens.reduce((sum, column) => sum + figureIn(row[column], line), 0),
      }),
      ...(usd >= 0 && { usd: figureIn(row[usd], line) }),
    };
    const on = dayIn(row[day] ?? '', line);
    const name = (row[model] ?? '').trim().replace(OF_THE_MODEL, '');
    // OpenAI's have a line for each day on which there was nothing.
    if (name === '' && !figures.tokens && !figures.usd) return [];
    return [{ day: on, model: name || NO_MODEL, ...figures }];
  });
}

function dayIn(text: string, line: number): string {
  const day = /^\d{4}-\d\d-\d\d/.exec(text.trim())?.[0];
  if (day === undefined || Number.isNaN(Date.parse(day)))
    throw new Error(`line ${line}: ${JSON.stringify(text.slice(0, 40))} is no day like 2026-11-23`);
  return day;
}

/** `$1,234.50` and the like; an empty cell is 0. */
function figureIn(text = '', line: number): number {
  const figure = Number(text.replaceAll(/[\s$,]/g, ''));
  if (!Number.isFinite(figure))
    throw new Error(`line ${line}: ${JSON.stringify(text.slice(0, 40))} is no number`);
  return figure;
}
