// Of a log that begins with the one before it, byte for byte, only what is new is read: as all of it would be.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { anthropicMessages } from '../../../src/ai/formats/anthropic-messages/index.ts';
import { openaiChat } from '../../../src/ai/formats/openai-chat/index.ts';
import { openaiResponses } from '../../../src/ai/formats/openai-responses/index.ts';
import { entriesIn, markOf, readBehind, readTail } from '../../../src/ai/memory/log-tail.ts';
import type { AnyFormat, Format } from '../../../src/contracts/format.ts';
import { topLevelValues } from '../../../src/lib/json-span.ts';

type Log = { role: string; content: unknown }[];
const LEAD = { turn: 't1', count: 1, tokens: 1 };
const user = (content: unknown) => ({ role: 'user', content });
const assistant = (content: unknown) => ({ role: 'assistant', content });
const sent = (messages: Log, more: object = {}) => ({ model: 'm', messages, ...more });
const bytesOf = (body: object, indent = 0): Buffer => Buffer.from(JSON.stringify(body, null, indent));

const parse = (bytes: Buffer) => JSON.parse(bytes.toString()) as { messages: unknown[] };

/** What of `next` who knows `before` parses. */
function behindOf(before: Buffer, next: Buffer, format: AnyFormat = openaiChat, as = format) {
  const mark = markOf(before, { format: format.name, ...entriesIn(parse(before), format) });
  return mark && readBehind(next, as, { ...mark, ...LEAD });
}

/** What is read of `next` by who knows `before`. */
function tailOf(before: Buffer, next: Buffer, format: Format = openaiChat) {
  const behind = behindOf(before, next, format);
  return behind && readTail(behind, format);
}

const withoutPlaces = (read: unknown): unknown =>
  JSON.parse(JSON.stringify(read, (key, value: unknown) => (key === 'at' ? undefined : value)));

describe('what is read of a log whose beginning is known', () => {
  const text = fc.string({
    unit: fc.constantFrom('a', '"', '\\', ']', '},{', '"messages":', 'é', '\u2028', '😀'),
  });
  const exchanges = fc.array(fc.tuple(text, text), { minLength: 1, maxLength: 4 });

  it('is its end, and nothing else is said of the request', () => {
    const logs = fc.record({
      systems: fc.array(fc.constantFrom('system', 'developer'), { maxLength: 3 }),
      before: exchanges,
      question: text,
      answer: text,
      next: text,
      indent: fc.constantFrom(0, 2),
      isLast: fc.boolean(),
    });
    fc.assert(
      fc.property(logs, ({ systems, before, question, answer, next, indent, isLast }) => {
        const first: Log = [
          ...systems.map((role, at) => ({ role, content: `${question} ${at}` })),
          ...before.flatMap(([asked, said]) => [user(asked), assistant(said)]),
          user(question),
        ];
        const log = [...first, assistant(answer), user([{ type: 'text', text: next }])];
        const body = (messages: Log) =>
          isLast
            ? { ...sent([]), temperature: 1, messages }
            : sent(messages, { temperature: 1, user: answer });
        const bytes = bytesOf(body(log), indent);
        const known = bytesOf(body(first), indent);
        const behind = behindOf(known, bytes);
        expect(behind?.body).toEqual({
          ...parse(bytes),
          messages: [...log.slice(0, systems.length), ...log.slice(-2)],
        });
        for (const key of ['model', 'temperature', 'user'])
          expect(behind?.valuesOf(key)).toEqual(topLevelValues(bytes, key));
        const read = tailOf(known, bytes);
        const whole = openaiChat.readRequest(JSON.parse(bytes.toString()) as never);
        const { length } = whole.messages;
        expect(withoutPlaces(read)).toEqual(
          withoutPlaces({ ...whole, messages: whole.messages.slice(length - 2) }),
        );
      }),
    );
  });

  it('is nothing where it leaves what is known, or may', () => {
    const before = bytesOf(sent([user('a')]));
    const goesOn = [user('a'), assistant('b'), user('c')];
    expect(tailOf(before, bytesOf(sent(goesOn)))?.messages).toHaveLength(2);
    const others: Buffer[] = [
      bytesOf(sent([user('A'), assistant('b'), user('c')])),
      bytesOf(sent([user('a'), user('b'), user('c')])),
      bytesOf(sent([user('a')])),
      bytesOf(sent([user('a'), assistant('b')])),
      bytesOf(sent(goesOn), 1),
      Buffer.from(`${bytesOf(sent(goesOn)).toString().slice(0, -1)},"messages":[]}`),
      Buffer.from(
        `${bytesOf(sent(goesOn)).toString().slice(0, -1)},"mess\\u0061ges":${JSON.stringify(goesOn)}}`,
      ),
      // No JSON, though it would be without what is known.
      Buffer.from('{"model":"m","messages":[{"role":"user","content":"a"},]}'),
      Buffer.from(
        '{"model":"m","messages":[{"role":"user","content":"a"},{"role":"assistant"},{"role":"user"},]}',
      ),
      Buffer.concat([
        bytesOf(sent(goesOn)).subarray(0, -6),
        Buffer.from([0xff]),
        bytesOf(sent(goesOn)).subarray(-6),
      ]),
    ];
    for (const next of others)
      expect([next.toString(), tailOf(before, next)]).toEqual([next.toString(), undefined]);
    // What can't be read is read whole, by who says where it is wrong.
    expect(tailOf(before, bytesOf(sent([...goesOn, { role: 'alien', content: '' }])))).toBeUndefined();
    // Which list a parser takes of two nobody knows.
    const one = { format: 'openai-chat', entries: 1, systems: 0 };
    expect(markOf(Buffer.from('{"messages":[1],"messages":[1]}'), one)).toBeUndefined();
    expect(markOf(Buffer.from('{"input":"messages"}'), one)).toBeUndefined();
    // A format may have other rules for the same list, or no list of that name.
    expect(behindOf(before, bytesOf(sent(goesOn)), openaiChat, anthropicMessages)).toBeUndefined();
    expect(behindOf(before, bytesOf(sent(goesOn)), openaiResponses)).toBeUndefined();
  });

  it('has a system text of its own where the format has one', () => {
    const body = (messages: Log) => ({ model: 'm', max_tokens: 1, messages, system: 'Be brief.' });
    const log = [user('a'), assistant([{ type: 'text', text: 'b' }]), user('c')];
    const read = tailOf(bytesOf(body(log.slice(0, 1))), bytesOf(body(log)), anthropicMessages);
    expect(read).toMatchObject({
      system: [{ text: 'Be brief.' }],
      messages: [{ role: 'assistant' }, { role: 'user' }],
    });
  });
});
