export interface DataUrl {
  mediaType: string;
  /** Base64. */
  data: string;
}

const SCHEME = 'data:';
const MARK = ';base64';

/** The media type and data of a `data:` URL in base64 (RFC 2397); undefined if it is none. The data is not looked at. */
export function parseDataUrl(url: string): DataUrl | undefined {
  if (url.slice(0, SCHEME.length).toLowerCase() !== SCHEME) return undefined;
  const comma = url.indexOf(',');
  const head = url.slice(SCHEME.length, comma < 0 ? 0 : comma);
  if (head.slice(-MARK.length).toLowerCase() !== MARK) return undefined;
  const mediaType = head.slice(0, -MARK.length).split(';', 1)[0] as string;
  return { mediaType, data: url.slice(comma + 1) };
}

export const formatDataUrl = ({ mediaType, data }: DataUrl): string => `data:${mediaType};base64,${data}`;
