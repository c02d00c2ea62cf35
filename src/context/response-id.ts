/** What a response is known by to its client: its turn, and the session that it is of. No place needs to be kept for it. */
export function responseId(session: string, turn: string): string {
  return `resp_${turn}${Buffer.from(session).toString('base64url')}`;
}

/** Undefined if it is none of ours. */
export function readResponseId(id: string): { session: string; turn: string } | undefined {
  const match = /^resp_([0-9a-f]{24})([\w-]{1,1400})$/.exec(id);
  if (!match?.[1] || !match[2]) return undefined;
  const session = Buffer.from(match[2], 'base64url').toString('utf8');
  return session === '' || session.length > 256 || responseId(session, match[1]) !== id
    ? undefined
    : { session, turn: match[1] };
}
