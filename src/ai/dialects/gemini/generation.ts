/** From Gemini 3 on thinking goes by levels, calls are signed and known by ids, and results of tools may hold pictures. */
const SINCE_3 = /^gemini-(?:[3-9]|\d\d|(?:pro|flash|flash-lite)-latest)/;

export const isSince3 = (model: string): boolean => SINCE_3.test(model);
