/** `anthropic.claude-…`, also of an inference profile: `eu.anthropic.claude-…`, or at the end of its ARN. */
const CLAUDE = /(?:^|[./])anthropic\.(claude.*)$/;
/** ARNs that don't say which model they stand for. */
const UNNAMED = /:(?:application-inference-profile|provisioned-model)\//;

/** What Anthropic calls a model of its own; undefined of all others. */
export const claudeOf = (model: string): string | undefined => CLAUDE.exec(model)?.[1];

/** Whether it may be anybody's. */
export const isUnnamed = (model: string): boolean => UNNAMED.test(model);
