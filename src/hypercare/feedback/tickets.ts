import { createHmac, timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import type { Documents } from '../../contracts/store.ts';
import { GatewayError } from '../../errors/gateway-error.ts';

export type TicketKind = 'jira' | 'zendesk' | 'github';

/** What is taken from a ticket. */
export interface Ticket {
  readonly id: string;
  readonly url: string;
  readonly text: string;
}

const DELIVERIES = 'webhook-deliveries';
const REMEMBERED_MS = 7 * 24 * 60 * 60 * 1000;
/** A signed time that is further off than this is a replay. */
const MOST_OFF_MS = 5 * 60_000;
const MOST_TEXT = 4000;

/**
 * Checks that a webhook is of who holds the secret, and is the first of its kind.
 * GitHub and Jira sign the body (X-Hub-Signature-256, X-Hub-Signature: sha256=hex), Zendesk its time and the body (base64).
 * @throws GatewayError signature_invalid, webhook_replayed; StoreUnavailable
 */
export async function admitTicket(
  kind: TicketKind,
  secret: string,
  { headers, body }: { headers: IncomingHttpHeaders; body: Buffer },
  { documents, now }: { documents: Documents; now: number },
): Promise<void> {
  const { expected, given } = signatures(kind, secret, headers, body, now);
  const [a, b] = [Buffer.from(expected), Buffer.from(given)];
  if (a.length !== b.length || !timingSafeEqual(a, b)) throw new GatewayError('signature_invalid');
  // The id of a delivery is not signed: what is signed is remembered.
  const put = await documents.put(
    DELIVERIES,
    `${kind} ${given}`,
    { at: now },
    { ifVersion: 0, ttlMs: REMEMBERED_MS },
  );
  if (!put.ok) throw new GatewayError('webhook_replayed');
}

function signatures(
  kind: TicketKind,
  secret: string,
  headers: IncomingHttpHeaders,
  body: Buffer,
  now: number,
) {
  if (kind === 'zendesk') {
    const time = String(headers['x-zendesk-webhook-signature-timestamp'] ?? '');
    if (!(Math.abs(Date.parse(time) - now) <= MOST_OFF_MS)) throw new GatewayError('signature_invalid');
    const expected = createHmac('sha256', secret).update(time).update(body).digest('base64');
    return { expected, given: String(headers['x-zendesk-webhook-signature'] ?? '') };
  }
  const name = kind === 'github' ? 'x-hub-signature-256' : 'x-hub-signature';
  return {
    expected: `sha256=${createHmac('sha256', secret).update(body).digest('hex')}`,
    given: String(headers[name] ?? ''),
  };
}

/** The ticket that was opened; undefined: the webhook is about something else. @throws GatewayError body_malformed */
export function ticketIn(kind: TicketKind, body: Buffer): Ticket | undefined {
  let value: unknown;
  try {
    value = JSON.parse(body.toString('utf8'));
  } catch (cause) {
    throw new GatewayError('body_malformed', { cause });
  }
  const event = objectOf(value);
  const ticket = READERS[kind](event);
  return ticket && { ...ticket, text: ticket.text.slice(0, MOST_TEXT) };
}

type Json = Readonly<Record<string, unknown>>;

const READERS: Readonly<Record<TicketKind, (event: Json) => Ticket | undefined>> = {
  github({ action, issue }) {
    if (action !== 'opened') return undefined;
    const { number, html_url, title, body } = objectOf(issue);
    return { id: textOf(number), url: textOf(html_url), text: joined(title, body) };
  },
  jira({ webhookEvent, issue }) {
    if (webhookEvent !== 'jira:issue_created') return undefined;
    const { key, self, fields } = objectOf(issue);
    const { summary, description } = objectOf(fields);
    return { id: textOf(key), url: textOf(self), text: joined(summary, plainOf(description)) };
  },
  zendesk({ type, detail }) {
    if (!textOf(type).endsWith('ticket.created')) return undefined;
    const { id, subject, description } = objectOf(detail);
    return { id: textOf(id), url: '', text: joined(subject, description) };
  },
};

const objectOf = (value: unknown): Json =>
  typeof value === 'object' && value !== null ? (value as Json) : {};
const textOf = (value: unknown): string =>
  typeof value === 'string' ? value.slice(0, MOST_TEXT) : typeof value === 'number' ? String(value) : '';
const joined = (title: unknown, body: unknown): string =>
  [textOf(title), textOf(body)].filter((part) => part !== '').join('\n\n');

/** Atlassian's document format as plain text. */
function plainOf(value: unknown, depth = 0): string {
  if (typeof value === 'string' || depth > 20) return textOf(value);
  const { text, content } = objectOf(value);
  if (typeof text === 'string') return text;
  return Array.isArray(content) ? content.map((part) => plainOf(part, depth + 1)).join(' ') : '';
}
