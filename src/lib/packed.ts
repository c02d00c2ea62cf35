import { PemFile } from './pem-file.ts';

/** A value on its way to another process or thread, where a structured clone would leave nothing of its `PemFile`s. */
export interface Packed<T> {
  readonly packed: T;
  /** Whether there are any: else there is nothing to look for. */
  readonly holdsFiles: boolean;
}

/** What stands in a packed value for a file, under a name that nothing in a configuration has. */
const PEM = '\u0000pem';
type PackedPem = { readonly [PEM]: readonly [path: string, text: string] };

/** Makes a value ready to be cloned. What holds no file is not copied. */
export function pack<T>(value: T): Packed<T> {
  const packed = mapped(value, packedPem) as T;
  return { packed, holdsFiles: packed !== value };
}

/** The value again, on the other side. */
export const unpack = <T>({ packed, holdsFiles }: Packed<T>): T =>
  holdsFiles ? (mapped(packed, pemOf) as T) : packed;

const packedPem = (value: object): PackedPem | undefined =>
  value instanceof PemFile ? { [PEM]: [value.path, value.read()] } : undefined;

const pemOf = (value: object): PemFile | undefined =>
  PEM in value ? new PemFile(...(value as PackedPem)[PEM]) : undefined;

/** With other objects in the place of some; whatever holds none of them stays the same object. */
function mapped(value: unknown, replace: (value: object) => object | undefined): unknown {
  if (typeof value !== 'object' || value === null) return value;
  const replaced = replace(value);
  if (replaced) return replaced;
  if (Array.isArray(value)) {
    const items = value.map((item: unknown) => mapped(item, replace));
    return items.some((item, at) => item !== value[at]) ? items : value;
  }
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) return value;
  const entries = Object.entries(value).map(([key, item]) => [key, mapped(item, replace)] as const);
  return entries.some(([key, item]) => item !== (value as Record<string, unknown>)[key])
    ? Object.fromEntries(entries)
    : value;
}
