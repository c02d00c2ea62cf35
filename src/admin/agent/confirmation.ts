import {
  acceptedContent,
  type CallToolResult,
  createRequestStateCodec,
  type InputRequiredResult,
  inputRequired,
  type ServerContext,
} from '@modelcontextprotocol/server';
import { z } from 'zod';
import { canonicalDigest } from '../../mcp/pins/canonical.ts';

/** What was shown when it was asked whether to do it: the same is done, or nothing. */
interface Shown {
  readonly digest: string;
  readonly etag: string;
}
export type Confirmations = ReturnType<typeof createRequestStateCodec<Shown>>;
/** So long a question stands, in seconds. */
const STANDS_SECONDS = 600;

/** @param key random bytes of the process: a question that was asked before a restart is asked again */
export const confirmations = (key: Uint8Array): Confirmations =>
  createRequestStateCodec<Shown>({
    key,
    ttlSeconds: STANDS_SECONDS,
    bind: ({ http }) => http?.authInfo?.clientId ?? '',
  });

/** What would be done, in words; or why it would not. */
export type Preview =
  | { readonly words: string; readonly etag: string; readonly refusal?: undefined }
  | { readonly refusal: CallToolResult };

export type Confirmed = (
  context: ServerContext,
  what: object,
  preview: () => Promise<Preview>,
  act: (etag: string) => Promise<CallToolResult>,
) => Promise<CallToolResult | InputRequiredResult>;

/**
 * Asks a person before something is done: the first round shows what would be, the second does it if they said yes.
 * `preview` says it in words, `act` does it with the entity tag of the config that was shown.
 */
export const confirmedBy =
  (codec: Confirmations): Confirmed =>
  async (context, what, preview, act) => {
    const digest = canonicalDigest(what);
    const shown = context.mcpReq.requestState<Shown>();
    if (shown?.digest === digest) {
      const answer = acceptedContent(
        context.mcpReq.inputResponses,
        'confirm',
        z.object({ confirm: z.boolean() }),
      );
      if (answer?.confirm) return act(shown.etag);
      return { content: [{ type: 'text', text: 'Nothing was done: it was not confirmed.' }] };
    }
    // Asked anew, somebody would confirm what they believe to have read already.
    if (shown)
      return {
        isError: true,
        content: [
          { type: 'text', text: 'Nothing was done: what was confirmed is not what would be done now.' },
        ],
      };
    const previewed = await preview();
    if (previewed.refusal) return previewed.refusal;
    return inputRequired({
      inputRequests: {
        confirm: inputRequired.elicit({
          message: previewed.words,
          requestedSchema: {
            type: 'object',
            properties: { confirm: { type: 'boolean', title: 'Do it', default: false } },
            required: ['confirm'],
          },
        }),
      },
      requestState: await codec.mint({ digest, etag: previewed.etag }, context),
    });
  };
