import type { Tool, ToolChoice } from '../../contracts/model-request.ts';
import type { Fields } from './fields.ts';

interface Tools {
  readonly tools?: readonly Tool[] | undefined;
  readonly toolChoice?: ToolChoice | undefined;
}

/**
 * The tools of a request in a format of OpenAI's, and how they are to be used. Where it allows some of them only
 * (`allowed_tools`), the others are left out: it mentions them for the cache of its prompt.
 * @param read a tool
 * @param nameIn the name in the mention of a tool of the client's
 */
export function toolsOf(
  fields: Fields,
  read: (tool: Fields) => Tool[],
  nameIn: (mention: Fields) => string | undefined,
): Tools {
  const tools = fields.some('tools', read);
  const said = fields.raw('tool_choice');
  if (said === undefined || said === 'auto' || said === 'none' || said === 'required')
    return { tools, toolChoice: said };
  if (typeof said === 'string') {
    // Of its provider's own: Mistral's `any`.
    fields.giveUpOn('tool_choice');
    return { tools };
  }
  const choice = fields.inner('tool_choice');
  const type = choice?.text('type');
  const name = choice && type === 'function' ? nameIn(choice) : undefined;
  if (name !== undefined) return { tools, toolChoice: { name } };
  if (choice && type === 'allowed_tools')
    return allowedOf(choice.inner('allowed_tools') ?? choice, tools, nameIn);
  choice?.giveUp();
  return { tools };
}

function allowedOf(
  allowed: Fields,
  tools: readonly Tool[] | undefined,
  nameIn: (mention: Fields) => string | undefined,
): Tools {
  const toolChoice = allowed.text('mode') === 'required' ? 'required' : 'auto';
  const names = new Set(
    allowed.each('tools').map((mention) => {
      const name = mention.text('type') === 'function' ? nameIn(mention) : undefined;
      if (name === undefined) mention.giveUp();
      return name;
    }),
  );
  const left = tools?.filter(({ name }) => names.has(name)) ?? [];
  if (left.length > 0) return { tools: left, toolChoice };
  // Of none one is to be called.
  if (toolChoice === 'required') allowed.giveUp();
  return {};
}
