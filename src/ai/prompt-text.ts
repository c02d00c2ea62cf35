interface Part {
  text?: unknown;
}
interface Message {
  role?: unknown;
  name?: unknown;
  content?: unknown;
  tool_calls?: unknown;
}

/**
 * The text of a chat request, for an estimate of its tokens: roles, contents, tool calls and tool definitions. Images
 * and sound are left out; how they count is each provider's own rule.
 *
 * @param bytes a request that was parsed before
 */
export function promptText(bytes: Buffer): { text: string; messages: number } {
  const body = JSON.parse(bytes.toString('utf8')) as { messages?: (Message | null)[]; tools?: unknown };
  const messages = body.messages ?? [];
  const texts = messages.map((message) => {
    const { role, name, content, tool_calls: calls } = message ?? {};
    const parts = Array.isArray(content) ? content.map((part: Part | null) => part?.text) : [content];
    const said = [role, name, ...parts].filter((text) => typeof text === 'string');
    if (calls) said.push(json(calls));
    return said.join('\n');
  });
  if (body.tools) texts.push(json(body.tools));
  return { text: texts.join('\n'), messages: messages.length };
}

function json(value: unknown): string {
  try {
    return JSON.stringify(value);
  } catch {
    // V8 parses any depth and writes only some thousand levels; what is nested so has no text worth counting.
    return '';
  }
}
