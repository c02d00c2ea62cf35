/** Types of the items of OpenAI's responses by which a model calls what its client executes. What comes of one is its `…_output`. */
export const CALL_ITEMS: ReadonlySet<unknown> = new Set([
  'function_call',
  'custom_tool_call',
  'local_shell_call',
  'shell_call',
  'apply_patch_call',
  'computer_call',
]);
