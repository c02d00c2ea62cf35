import type { Recalled } from '../../context/conversations.ts';
import type { LiveTurn } from '../../context/live-turn.ts';
import { namedByKey } from '../../context/named-by-key.ts';
import { tokensIn } from '../../context/prompt/figures.ts';
import { responseId } from '../../context/response-id.ts';
import type { Format } from '../../contracts/format.ts';
import type { JsonObject, Message } from '../../contracts/model-request.ts';
import { GatewayError } from '../../errors/gateway-error.ts';
import { onDemand } from '../../lib/on-demand.ts';
import { CancelSignal } from '../../upstream/signal.ts';
import type { ChatCall, ChatRequest } from '../chat-call.ts';
import type { AskInside } from '../inner-call.ts';
import { askOf, conversationOf, type Meant, openingOf } from '../memory/ask-of.ts';
import { writeHistoryFor } from '../memory/history-for.ts';
import { unkeptName } from '../memory/item-name.ts';
import { keptHere } from '../memory/kept-here.ts';
import { replayTurn } from '../memory/replay-turn.ts';
import { unkeptResult } from '../memory/unkept-result.ts';
import { holdsOwn, isUnnamed, unnamed, withoutOwn } from '../memory/unnamed.ts';
import { isSigned, signersOf, writeHistory } from '../memory/write-history.ts';
import { bodyOf, neutralOf } from '../prepared-call.ts';
import { replaceBody } from '../replace-body.ts';

/** Bytes of a call without a conversation that are looked at for one that its client forgot to name. */
const LOOKED_AT = 32 * 1024;

/**
 * Finds the conversation that a call belongs to, and puts what was said before into its body. One read of the store; an
 * answer that was given to this very request is given again.
 */
export const recallContext =
  (askInside: AskInside) =>
  (call: ChatCall): void | Promise<void> => {
    const { format, ports, prompt } = call;
    if (format.kind === 'chat') {
      if (!ports.conversations.settings.enabled) passOver(call);
      else if (!prompt) return recallAndLetGo(call, format, askInside);
    }
    letGo(call);
  };

/**
 * Anthropic's `metadata` know the user alone: a session in them is for `ai.loops`, tags for the ledger. OpenAI's are the client's
 * own.
 */
function keepOwn(call: ChatCall): void {
  if (call.format.name === 'anthropic-messages' && holdsOwn(call))
    replaceBody(call, withoutOwn(bodyOf(call), call));
}

/**
 * Of a route without a context.
 * @throws GatewayError `field_not_supported` for a conversation where none is kept
 */
function passOver(call: ChatCall): void {
  const { format, request } = call;
  keepOwn(call);
  if (format.name !== 'openai-responses') return;
  const { conversation, previousResponse } = request as ChatRequest;
  if (conversation === '' && previousResponse === '') return;
  const param = conversation === '' ? 'previous_response_id' : 'conversation';
  throw new GatewayError('field_not_supported', {
    param,
    detail: `The field is ${param}: the model context is off.`,
  });
}

/** @throws GatewayError `field_not_supported` for an item that is named by its id alone */
function refuseNames(body: JsonObject): void {
  const unkept = unkeptName(body);
  if (unkept) throw unkeptField(unkept, 'no item is found by its id alone');
}

const unkeptField = (param: string, why: string): GatewayError =>
  new GatewayError('field_not_supported', {
    param,
    detail: `The field is ${param}: ${why}. Send all of it yourself, with store: false.`,
  });

async function recallAndLetGo(call: ChatCall, format: Format, askInside: AskInside): Promise<void> {
  await recall(call, format, askInside);
  letGo(call);
}

/** Whoever needs it parsed behind here does so again: as long as a model answers, none of it is held. */
function letGo(call: ChatCall): void {
  call.body = undefined;
  call.behind = undefined;
}

async function recall(call: ChatCall, format: Format, askInside: AskInside): Promise<void> {
  const { exchange, ports } = call;
  const { conversations } = ports;
  const { settings } = conversations;
  const meant = conversationOf(call, settings.storeResponses);
  if (!meant) {
    noteStateless(call);
    keepOwn(call);
    return;
  }
  if (!call.behind) call.body ??= bodyOf(call);
  if (meant.isStored && format.name === 'openai-responses') refuseNames(bodyOf(call));
  const asked = openingOf(call, meant);
  const isRepeatable = asked.isInvented === true && asked.key !== '';
  const opening = isRepeatable ? await namedByKey(asked, conversations.ports.privacy) : asked;
  const { ref } = opening;
  const read = () => askOf(call, opening, format, askInside);
  const recalled = await openOrNone(conversations.open(opening, read), meant);
  if (!recalled) {
    noteStateless(call);
    writeUnnamed(call);
    return;
  }
  const facts = recalled.kind === 'turn' ? recalled.turn.facts : recalled.facts;
  if (meant.within !== undefined) facts.within = meant.within;
  exchange.context = facts;
  if (recalled.kind === 'unavailable') throw recalled.error;
  if (recalled.kind === 'replay') {
    if (format.name === 'openai-responses') call.ownId = responseId(ref.session, recalled.facts.turn);
    call.answer = replayTurn(call, recalled.stored);
    return;
  }
  const turn = recalled.kind === 'turn' ? recalled.turn : undefined;
  call.turn = turn;
  if (turn && settings.onDisconnect === 'finish') outliveClient(call, settings.finishWithin);
  // As it came, also when another is in its place.
  const { bytes, body } = call;
  const sent = onDemand(() => bodyOf({ bytes, body }));
  writeBody(call, turn, sent);
  if (turn?.ask.widest !== undefined && facts.mode === 'delta')
    call.shorten = (window) => shorten(call, turn, sent, window);
  if (!turn || meant.isStored) return;
  call.turn = undefined;
  // Nothing waits for it: what the store does not take is given back later.
  void turn.release();
}

/** A call that may not be kept, and names a conversation that there is not, belongs to none. */
async function openOrNone(opening: Promise<Recalled>, { isOptional }: Meant): Promise<Recalled | undefined> {
  try {
    return await opening;
  } catch (error) {
    if (isOptional && error instanceof GatewayError && error.code === 'session_unknown') return undefined;
    throw error;
  }
}

/** The body that goes on, written once: of a long conversation that is all of it. */
function writeBody(call: ChatCall, turn: LiveTurn | undefined, sent: () => JsonObject): void {
  const isResponse = call.format.name === 'openai-responses';
  const isBehind = turn !== undefined && hasBefore(turn);
  // It goes on as it came.
  if (!isResponse && !isBehind && isUnnamed(call)) return;
  // Of its list nothing but what stands first goes on.
  const behind = isBehind && tailOf(turn) !== undefined ? call.behind : undefined;
  const own = unnamed(behind?.body ?? sent(), call);
  const body = isResponse ? keptHere(own, turn?.shape, isTranslated(call)) : own;
  if (isBehind) writeBefore(call, body, turn);
  else if (body !== sent()) replaceBody(call, body);
}

/** Writes it anew for a model that reads less than the one it was written for, where not all of it fits that. */
async function shorten(
  call: ChatCall,
  turn: LiveTurn,
  sent: () => JsonObject,
  window: number,
): Promise<void> {
  const { input, shape, facts } = turn;
  if (!input || window >= (input.window ?? 0)) return;
  turn.input = { ...input, window };
  turn.shape = await call.ports.conversations.ports.mind.prompt(turn.input);
  facts.tokens = tokensIn(turn.shape.turns);
  const { turns, snippets } = turn.shape;
  if (turns.length === shape.turns.length && snippets === shape.snippets) return;
  Object.assign(call, { history: undefined, kept: undefined });
  replaceBody(call, sent());
  writeBody(call, turn, sent);
}

/** Of a call that belongs to no conversation, but names one. */
function writeUnnamed(call: ChatCall): void {
  const sent = bodyOf(call);
  const body = unnamed(sent, call);
  if (body !== sent) replaceBody(call, body);
}

/** The client's list goes on as it came where it is all that there is. */
function hasBefore(turn: LiveTurn): boolean {
  const { turns, summary, snippets, system } = turn.shape;
  const isMore = turns.length > 0 || summary !== '' || snippets !== '' || system.length > 0;
  return isMore || tailOf(turn) !== undefined;
}

/** What is said behind it, where the client's list does not go on: what that holds of the turns would be said twice. */
function tailOf({ shape, ask, fresh }: LiveTurn): readonly Message[] | undefined {
  const isRewritten = fresh !== ask.messages && (shape.turns.length > 0 || shape.summary !== '');
  const tail = shape.fresh ?? (isRewritten ? fresh : undefined);
  return tail === ask.messages ? undefined : tail;
}

/** @throws GatewayError `field_not_supported` for the result of a call that is not kept */
function writeBefore(call: ChatCall, body: JsonObject, turn: LiveTurn): void {
  const { shape } = turn;
  const tail = tailOf(turn);
  const unkept = call.format.name === 'openai-responses' && unkeptResult(body, tail !== undefined);
  if (unkept) throw unkeptField(unkept, 'of tools a conversation keeps functions only');
  const [first] = call.candidates.flatMap(({ deployments }) => deployments);
  if (first && isSigned(shape)) {
    call.history = { body, shape, tail, signers: signersOf(shape), written: new Map(), writtenFor: '' };
    writeHistoryFor(call, first);
    return;
  }
  const history = { shape, tail, provider: '', thoughts: 'none' as const };
  const written = writeHistory(call.format.name, body, history);
  replaceBody(call, written.body);
  call.kept = written.kept;
}

const isTranslated = ({ candidates, format }: ChatCall): boolean =>
  candidates.every(({ deployments }) =>
    deployments.every(({ provider }) => provider.native[format.name] === undefined),
  );

/**
 * The answer is read on to its end when the client has left, for so many milliseconds.
 * @throws GatewayError `client_cancelled` where it has left by now: the call's bill is made, and there is nothing to read on
 */
function outliveClient(call: ChatCall, withinMs: number): void {
  const { exchange } = call;
  if (exchange.cancel.aborted) throw new GatewayError('client_cancelled');
  const cancel = new CancelSignal();
  call.cancel = cancel;
  exchange.cancel.once('abort', () => {
    const end = (): void => cancel.abort(exchange.cancel.reason as Error);
    setTimeout(end, withinMs).unref();
  });
}

function noteStateless(call: ChatCall): void {
  const { exchange, bytes, format, ports } = call;
  if (bytes.length > LOOKED_AT || format.kind !== 'chat') return;
  const messages = readableIn(call, format);
  if (messages)
    ports.conversations.noteStateless(exchange.consumer, (call.request as ChatRequest).user, messages);
}

/** Undefined where they can't be read: this only measures, and who is asked in its own words may take them. */
function readableIn(call: ChatCall, format: Format): readonly Message[] | undefined {
  try {
    return neutralOf(call, format).messages;
  } catch (error) {
    if (error instanceof GatewayError && error.code === 'body_invalid') return undefined;
    throw error;
  }
}
