/** 32 bits of a text, the same in every process and version: FNV-1a over its UTF-16 units. Not for secrets. */
export function fnv1a(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return hash >>> 0;
}

/** As `fnv1a`, with every bit as good as the others: FNV's own high bits are poor for short texts. */
export const hashText = (text: string): number => mix(fnv1a(text));

/** Mixes two hashes into one; all bits of each count. */
export const mixHashes = (a: number, b: number): number => mix(a ^ Math.imul(b, 0x9e3779b1));

/** MurmurHash3’s finisher. */
function mix(value: number): number {
  let hash = value;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}
