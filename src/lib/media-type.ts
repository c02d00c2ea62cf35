const MEDIA_TYPE = /^\s*[\w!#$%&'*+.^`|~-]+\/[\w!#$%&'*+.^`|~-]+\s*(?:;|$)/;

/** Whether a text begins with `type/subtype` (RFC 9110 section 8.3.1). Parameters are not looked at. */
export const isMediaType = (text: string): boolean => MEDIA_TYPE.test(text);
