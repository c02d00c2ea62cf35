const SEQUENCE = 0x30;
const INTEGER = 0x02;
const UTC_TIME = 0x17;
const GENERALIZED_TIME = 0x18;

interface Value {
  readonly tag: number;
  readonly content: Buffer;
}

/**
 * Serial numbers that a list of revoked certificates names (RFC 5280 section 5.1), as `X509Certificate.serialNumber` says
 * them. Node has OpenSSL check such lists at handshakes, and does not tell what they hold.
 *
 * @param pem one block that OpenSSL has taken
 * @throws RangeError if it is no such list
 */
export function revokedSerials(pem: string): string[] {
  const [list] = valuesOf(Buffer.from(pem.replace(/-----[^-]+-----/g, ''), 'base64'));
  const [signed] = list ? valuesOf(list.content) : [];
  if (signed?.tag !== SEQUENCE) throw new RangeError('is no list of revoked certificates');
  const fields = valuesOf(signed.content);
  const time = fields.findLastIndex(({ tag }) => tag === UTC_TIME || tag === GENERALIZED_TIME);
  const revoked = fields[time + 1];
  if (time < 0) throw new RangeError('is no list of revoked certificates');
  // A list without any leaves the field out.
  return revoked?.tag === SEQUENCE ? valuesOf(revoked.content).map(serialOf) : [];
}

function serialOf({ content }: Value): string {
  const [serial] = valuesOf(content);
  if (serial?.tag !== INTEGER) throw new RangeError('is no list of revoked certificates');
  // A byte of zeros says that the number is not negative.
  return serial.content
    .toString('hex')
    .replace(/^(00)+(?=.)/, '')
    .toUpperCase();
}

/** The values that stand one behind the other (DER, X.690 section 8.1). */
function valuesOf(bytes: Buffer): Value[] {
  const values: Value[] = [];
  for (let at = 0; at < bytes.length; ) {
    const tag = bytes.readUInt8(at);
    const short = bytes.readUInt8(at + 1);
    const lengthBytes = short < 0x80 ? 0 : short - 0x80;
    const length = lengthBytes === 0 ? short : bytes.readUIntBE(at + 2, lengthBytes);
    const begin = at + 2 + lengthBytes;
    if (begin + length > bytes.length) throw new RangeError('is cut off');
    values.push({ tag, content: bytes.subarray(begin, begin + length) });
    at = begin + length;
  }
  return values;
}
