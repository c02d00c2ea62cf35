import { expect, it } from 'vitest';
import { maskSecrets, maskText } from '../../../src/config/mask.ts';
import { load, SMALL } from './stories.ts';

it('a configuration that is shown holds no secret', () => {
  const { config } = load(
    `${SMALL}admin: { token: hunter2 }\nstore: { url: "redis://u:hunter2@h:1" }\ncontext: { privacy: { encryptWith: hunter2-and-more-hunter2 } }\n`,
  );
  const shown = maskSecrets(config);
  expect(JSON.stringify(shown)).not.toContain('hunter2');
  expect(shown.store.url).toBe('redis://***@h:1');
  for (const url of ['redis://:hun/ter2+ef=@h:1', 'rediss://u:hun@ter2@h:1'])
    expect(maskSecrets({ url }).url).toBe(`${url.split(':')[0]}://***@h:1`);
  expect(shown.admin.listen).toBe('127.0.0.1:9090');
  expect(config.admin.token).toBe('hunter2');
  expect(maskSecrets({ token: '' })).toEqual({ token: '' });
  const notify = [{ kind: 'slack', url: 'https://hooks.example/hunter2' }];
  expect(maskSecrets({ hypercare: { notify } })).toEqual({
    hypercare: { notify: [{ kind: 'slack', url: '***' }] },
  });
});

it.each([
  ['admin: { token: hunter2 }', 'admin: { token: *** }'],
  ['token: "hunter2" # rotate', 'token: *** # rotate'],
  ['token: "${TOKEN}"', 'token: "${TOKEN}"'],
  ['token: ${file:/run/token}', 'token: ${file:/run/token}'],
  ['token: ${TOKEN:-}', 'token: ${TOKEN:-}'],
  ['token: "${TOKEN:-hunter2}"', 'token: "${TOKEN:-***}"'],
  ['token: "${A}hunter2"', 'token: ***'],
  ['token: |\n  hunter2\n  hunter3\nlog: {}', 'token: ***\nlog: {}'],
  ['token: [hunter2, { x: hunter3 }]', 'token: [***, { x: *** }]'],
  ['note: &n hunter2\ntoken: *n', 'note: &n ***\ntoken: *n'],
  ['# apiKey: hunter2\na: 1', '# apiKey: ***\na: 1'],
  ['set: { Authorization: "Bearer hunter2" }', 'set: { Authorization: *** }'],
  ['set: { authorization: "Bearer ${T}" }', 'set: { authorization: "Bearer ${T}" }'],
  ['set: { authorization: "Bearer ${T:-hunter2}" }', 'set: { authorization: "Bearer ${T:-***}" }'],
  ['add: { x-goog-api-key: hunter2 }', 'add: { x-goog-api-key: *** }'],
  ['headers: { X-Api-Key: hunter2, accept: text/plain }', 'headers: { X-Api-Key: ***, accept: text/plain }'],
  ['set: { /max_tokens: 200 }', 'set: { /max_tokens: 200 }'],
  ['set: {} # Authorization: hunter2', 'set: {} # Authorization: ***'],
  ['url: redis://u:hunter2@h/0', 'url: redis://***@h/0'],
  ['url: redis://:hun/ter2+ef=@h:1 # a@b', 'url: redis://***@h:1 # a@b'],
  ['store: {url: "rediss://u:hun@ter/2@h:1",to: "a@b"}', 'store: {url: "rediss://***@h:1",to: "a@b"}'],
  ['url: ${URL:-redis-sentinel://:hun/ter2@h,i/m}', 'url: ${URL:-redis-sentinel://***@h,i/m}'],
  ['url: "redis:\\/\\/:hun/ter2@h"', 'url: ***'],
  ['url: |\n  redis://:hun/ter2@h\na: 1', 'url: |\n  redis://***@h\na: 1'],
  ['a: 1 # url: redis://:hun/t@er2@h, see b@c', 'a: 1 # url: redis://***@h, see b@c'],
  [
    'a: 1 # kind: x, url: redis://:hun/t@er2@h, token: hunter2',
    'a: 1 # kind: x, url: redis://***@h, token: ***',
  ],
  ['# - { kind: slack, url: "https://chat.example/hunter2" }', '# - { kind: slack, url: ***'],
  [
    'a: 1\n  # - kind: webhook\n  #   url: https://chat.example/hunter2\nb: 2 # url: http://c:1/d',
    'a: 1\n  # - kind: webhook\n  #   url: ***\nb: 2 # url: http://c:1/d',
  ],
  ['a: 1 # was https://hooks.example/T/hunter2 before', 'a: 1 # was https://*** before'],
  ['# X-Auth-Key: hunter2', '# X-Auth-Key: ***'],
  ['# max_tokens: 200', '# max_tokens: 200'],
  [
    'a: "b # key: c"\nd: |\n  # Secrets: none\ne: f#key:g',
    'a: "b # key: c"\nd: |\n  # Secrets: none\ne: f#key:g',
  ],
  ['notify: [{ kind: slack, url: "https://hooks.example/hunter2" }]', 'notify: [{ kind: slack, url: *** }]'],
  ['targets: [{ url: "http://a:1" }]', 'targets: [{ url: "http://a:1" }]'],
  ['a: [', '***'],
])('%s', (text, masked) => {
  expect(maskText(text)).toBe(masked);
});
