// What a file's bytes say a model reads like any other words, and so do guards.
import { expect, it } from 'vitest';
import { requestTexts } from '../../../../src/ai/guards/request-texts.ts';

const base64 = (text: string | Buffer): string => Buffer.from(text).toString('base64');
const url = (type: string, text: string | Buffer): string => `data:${type};base64,${base64(text)}`;
const asked = (part: object) => ({ messages: [{ role: 'user', content: [part] }] });
const saidIn = (part: object): string[] => requestTexts(asked(part)).map(({ text }) => text);
const source = (media_type: string, data: string) => ({
  type: 'document',
  source: { type: 'base64', media_type, data },
});

const PNG = Buffer.from('iVBORw0KGgoAAAANSUhEUg==', 'base64');
const LATIN1 = Buffer.from('name;Müller', 'latin1');

it.each<[string, object]>([
  ['a document of Anthropic’s', source('text/plain', base64('secret'))],
  ['one with its encoding', source('text/csv; charset=utf-8', base64('secret'))],
  ['a picture by its name alone', { type: 'image_url', image_url: { url: url('text/plain', 'secret') } }],
  ['the same of responses', { type: 'input_image', image_url: url('text/markdown', 'secret') }],
  ['a file of a chat', { type: 'file', file: { file_data: url('application/csv', 'secret') } }],
  ['a file of responses', { type: 'input_file', file_data: url('application/x-yaml', 'secret') }],
  ['a drawing that is XML', { type: 'image_url', image_url: { url: url('image/svg+xml', 'secret') } }],
  [
    'characters of no known type',
    { type: 'file', file: { file_data: url('application/octet-stream', 'secret') } },
  ],
  ['characters without a type', { type: 'input_file', file_data: base64('secret') }],
  [
    'a scheme in capitals',
    { type: 'input_file', file_data: url('TEXT/PLAIN', 'secret').replace(/^data/, 'DATA') },
  ],
  ['data that is no bytes at all', { type: 'document', data: { note: 'secret' } }],
])('%s is read', (_, part) => {
  expect(saidIn(part)).toEqual(['secret']);
});

it.each<[string, object]>([
  ['a picture', { type: 'image_url', image_url: { url: url('image/png', PNG), detail: 'low' } }],
  ['a picture of no known type', { type: 'file', file: { file_data: url('application/octet-stream', PNG) } }],
  [
    'a picture of Anthropic’s',
    { type: 'image', source: { type: 'base64', media_type: 'image/png', data: base64(PNG) } },
  ],
  ['a PDF, also where it is all characters', source('application/pdf', base64('%PDF-1.4 (secret)'))],
  ['sound', { type: 'input_audio', input_audio: { data: base64(PNG), format: 'wav' } }],
  ['a place', { type: 'image_url', image_url: { url: 'https://img.example/a.png' } }],
  ['a thought that is sealed', { type: 'redacted_thinking', data: base64('sealed') }],
])('%s is not', (_, part) => {
  expect(saidIn(part)).toEqual([]);
});

it('of an older encoding enough is read to find what is looked for', () => {
  expect(saidIn(source('text/csv', base64(LATIN1)))).toEqual(['name;Müller']);
});

const wide = (text: string): Buffer => Buffer.from(text, 'utf16le');

it.each<[string, object]>([
  ['marked as such', source('text/csv', base64(wide('\ufeffcard 4111 1111')))],
  ['the other way round', source('text/csv', base64(wide('\ufeffcard 4111 1111').swap16()))],
  ['without a mark', source('text/csv', base64(wide('card 4111 1111')))],
  ['both', { type: 'input_file', file_data: base64(wide('card 4111 1111').swap16()) }],
])('so are two bytes a character, %s', (_, part) => {
  expect(saidIn(part)).toEqual(['card 4111 1111']);
});

it('a table in an older encoding is read whatever it is called', () => {
  for (const file_data of [url('application/vnd.ms-excel', LATIN1), base64(LATIN1)])
    expect(saidIn({ type: 'file', file: { file_data } })).toEqual(['name;Müller']);
});

it('what is changed in one of two bytes a character comes back as UTF-8', () => {
  const body = asked({ type: 'input_file', file_data: url('text/csv', wide('\ufeffAda;1')) });
  for (const each of requestTexts(body)) each.text = each.text.replace('Ada', '[NAME_1]');
  expect(body).toEqual(asked({ type: 'input_file', file_data: url('text/csv', '[NAME_1];1') }));
});

it('what is changed in one stands in its place again, and no other byte of the request is', () => {
  const documents = [
    source('text/plain', base64('I am Ada')),
    { type: 'file', file: { file_data: url('text/csv', 'Ada;1') } },
  ];
  const body = { messages: [{ role: 'user', content: documents }] };
  for (const each of requestTexts(body)) each.text = each.text.replace('Ada', '[NAME_1]');
  expect(body.messages[0]?.content).toEqual([
    source('text/plain', base64('I am [NAME_1]')),
    { type: 'file', file: { file_data: url('text/csv', '[NAME_1];1') } },
  ]);
});
