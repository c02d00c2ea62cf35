import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { loadConfig } from '../../../src/config/load.ts';
import { ConfigError, formatProblems } from '../../../src/config/problems.ts';
import { cpuMs } from '../../helpers/cpu-time.ts';
import { load, POLICIES, problems, SMALL } from './stories.ts';

const folder = mkdtempSync(join(tmpdir(), 'config-'));
afterAll(() => rmSync(folder, { recursive: true }));

const file = join(folder, 'gateway.yaml');
const loadFile = (env: Record<string, string> = {}) => loadConfig({ file, env, policies: POLICIES });
const errorOf = (run: () => unknown): ConfigError => {
  try {
    run();
  } catch (error) {
    if (error instanceof ConfigError) return error;
    throw error;
  }
  throw new Error('no problem was found');
};

describe('a small configuration', () => {
  it('gets every default, nested ones too, as numbers', () => {
    const { config, openRoutes, inactive } = load(SMALL);
    expect(config.server.timeouts).toEqual({
      headers: 10_000,
      request: 120_000,
      send: 120_000,
      unready: 0,
      worker: 30_000,
      drain: 30_000,
    });
    expect(config.server.limits).toEqual({
      body: 10_485_760,
      header: 16_384,
      cache: 67_108_864,
      streams: 100,
    });
    expect(config.context.compaction.trigger).toBe(0.75);
    expect(config.upstreams.shop?.timeouts).toEqual({ connect: 2000, response: 30_000, idle: 60_000 });
    expect(config.routes[0]?.match.methods).toContain('PATCH');
    expect(config.ai.prefix).toBe('/v1');
    expect(openRoutes).toEqual(['all']);
    expect(inactive).toEqual([]);
  });

  it('version and one route are a whole configuration, with a byte order mark and CRLF too', () => {
    expect(load(`\uFEFF${SMALL.replaceAll('\n', '\r\n')}`).config.routes).toHaveLength(1);
  });

  it('has a hash of its text and a fingerprint of what the text became', () => {
    const text = `${SMALL}admin: { token: "\${T}" }\n`;
    const [one, same, other] = ['a', 'a', 'b'].map((T) => load(text, { T }));
    expect(one?.hash).toMatch(/^[0-9a-f]{64}$/);
    expect(other?.hash).toBe(one?.hash);
    expect(same?.fingerprint).toBe(one?.fingerprint);
    expect(other?.fingerprint).not.toBe(one?.fingerprint);
  });

  it('names the AI routes among the open ones where there are models', () => {
    const ai = 'ai:\n  models: { rules: { rules: [{ reply: no }] } }\n';
    expect(load(SMALL + ai).openRoutes).toEqual(['all', 'ai']);
  });

  it('names them where a provider is open in its own words, and has no model', () => {
    const ai = (open: boolean): string =>
      `${SMALL}ai:\n  providers: { p: { kind: openai, apiKey: k, passthrough: ${open} } }\n`;
    expect(load(ai(true)).openRoutes).toEqual(['all', 'ai']);
    expect(load(ai(false)).openRoutes).toEqual(['all']);
  });

  it('a guarded route is not open', () => {
    const key = `consumers: [{ name: web, keys: [{ id: k, sha256: ${'a'.repeat(64)} }] }]\n`;
    expect(load(`${SMALL}    policies: [{ auth-api-key: {} }]\n${key}`).openRoutes).toEqual([]);
  });
});

describe('anchors', () => {
  it('a default filled in at one use does not show at another', () => {
    const shared = SMALL.replace('    targets:', '    timeouts: &t { idle: 5s }\n    targets:');
    const models = 'ai:\n  models:\n    m: { rules: [{ reply: no }], timeouts: *t }\n';
    const { config } = load(shared + models);
    expect(config.upstreams.shop?.timeouts).toEqual({ connect: 2000, response: 30_000, idle: 5000 });
    expect(config.ai.models.m?.timeouts).toEqual({
      connect: 2000,
      firstToken: 60_000,
      idle: 5000,
      total: 600_000,
    });
  });

  it('merge keys work', () => {
    const merged = SMALL.replace(
      '    targets:',
      '    timeouts: { <<: { idle: 5s, connect: 1s }, idle: 7s }\n    targets:',
    );
    expect(load(merged).config.upstreams.shop?.timeouts).toMatchObject({ idle: 7000, connect: 1000 });
  });

  it('no key reaches a prototype', () => {
    expect(problems(`${SMALL}__proto__: { x: 1 }\n`)).toEqual(['9:1  __proto__: unknown key']);
    expect(problems(SMALL.replace('upstream: shop', 'upstream: constructor'))).toHaveLength(1);
  });
});

describe('variables and files', () => {
  it('a plain scalar gets its type from what it became, a quoted one stays text', () => {
    const { config } = load(
      `${SMALL}consumers: [{ name: a, budget: { usd: 1, per: 1d } }]\nserver:\n  workers: \${N:-3}\n  trustProxy: \${P}\nlog: { level: "\${L:-debug}" }\n`,
      { P: 'true' },
    );
    expect(config.server).toMatchObject({ workers: 3, trustProxy: true });
    expect(config.log.level).toBe('debug');
    expect(problems(`${SMALL}server: { workers: "\${N:-3}" }\n`)).toHaveLength(1);
  });

  it('a variable that only looks like a number is text where text is wanted', () => {
    const text = `${SMALL}admin:\n  token: \${T}\nlog:\n  redact:\n    - \${T}\n`;
    for (const T of ['12345', '1e999', '0x10', 'null', 'true', '~']) {
      expect(load(text, { T }).config.admin.token).toBe(T);
      expect(load(text, { T }).config.log.redact).toEqual([T]);
    }
  });

  it('an empty variable is empty text, or the default after ":-"', () => {
    const text = `${SMALL}admin:\n  token: \${T}x\${T:-y}\ntelemetry:\n  otlp:\n    endpoint: \${T}\n`;
    expect(load(text, { T: '' }).config).toMatchObject({
      admin: { token: 'xy' },
      telemetry: { otlp: { endpoint: '' } },
    });
  });

  it('what a variable holds can not become structure, and is not looked at again', () => {
    const T = 'a\nserver: { listen: "0.0.0.0:1" }\n- x: ${HOME} # "';
    const { config } = load(`${SMALL}admin:\n  token: \${T}\n`, { T, HOME: '/root' });
    expect(config.admin.token).toBe(T);
    expect(config.server.listen).toBe('127.0.0.1:8080');
  });

  it('"$${" is a literal "${"', () => {
    expect(load(`${SMALL}admin: { token: "a$\${T}b\${T}" }\n`, { T: '1' }).config.admin.token).toBe(
      'a${T}b1',
    );
  });

  it('reads a file beside the configuration, without its last newline', () => {
    writeFileSync(join(folder, 'token'), 's3cret\n');
    writeFileSync(file, `${SMALL}admin: { token: "\${file:token}" }\n`);
    const { config, files } = loadFile();
    expect(config.admin.token).toBe('s3cret');
    expect(files).toEqual([join(folder, 'token')]);
  });

  it('a file that is not there is a problem, and can be watched for', () => {
    writeFileSync(file, `${SMALL}admin: { token: "\${file:later}" }\n`);
    const error = errorOf(loadFile);
    expect(error.files).toEqual([join(folder, 'later')]);
    expect(formatProblems(error)).toBe(
      `${file}:9:17  admin.token: the file later can't be read: there is no such file`,
    );
  });

  it('a literal secret of the wrong form is not repeated', () => {
    const wrong = `${SMALL}consumers: [{ name: a, keys: [{ id: k, sha256: hunter2 }] }]\nstore: { url: "redis//u:hunter2@h" }\n`;
    expect(problems(wrong)).toHaveLength(2);
    expect(problems(wrong).join()).not.toContain('hunter2');
  });
});

describe('a file that can not be read', () => {
  it.each([
    [
      'is missing',
      () => join(folder, 'nothing.yaml'),
      /:1:1 {2}the file can't be read: there is no such file$/,
    ],
    ['is a folder', () => folder, /:1:1 {2}the file can't be read: it is a folder$/],
  ])('%s', (_, name, message) => {
    expect(errorOf(() => loadConfig({ file: name(), env: {}, policies: POLICIES })).message).toMatch(message);
  });

  it('is too large', () => {
    writeFileSync(file, `${SMALL}#${'x'.repeat(5 * 1024 ** 2)}\n`);
    expect(errorOf(loadFile).message).toMatch(/the file is larger than 5 MB$/);
    expect(errorOf(() => load(readFileSync(file, 'utf8'))).message).toMatch(/the file is larger than 5 MB$/);
  });

  it('is not text', () => {
    writeFileSync(file, Buffer.from([0x76, 0xff, 0xfe]));
    expect(errorOf(loadFile).message).toMatch(/the file is not UTF-8 text$/);
  });

  it('is nested without end', () => {
    expect(problems(`version: ${'['.repeat(100_000)}`).length).toBeGreaterThan(0);
    expect(problems(`version: ${'['.repeat(3000)}${']'.repeat(3000)}`).length).toBeGreaterThan(0);
  });
});

it('a thousand problems are found in a moment, and the first five hundred told', () => {
  const routes = Array.from(
    { length: 2000 },
    (_, n) => `  - { name: r${n}, match: { path: /r${n} }, upstream: nowhere }\n`,
  );
  expect(cpuMs(() => expect(problems(SMALL + routes.join(''))).toHaveLength(500))).toBeLessThan(5000);
});

it('a bomb of aliases is refused for what it is, and not unpacked', () => {
  const letters = 'abcdefghij';
  const bomb = [...letters].map((name, i) => {
    const item = i === 0 ? 'x' : `*${letters[i - 1]}`;
    return `${name}: &${name} [${Array(10).fill(item).join(', ')}]`;
  });

  const { problems: found } = errorOf(() =>
    loadConfig({ file, text: `version: 1\n${bomb.join('\n')}\n`, env: {}, policies: POLICIES }),
  );

  // Unpacked it would be ten thousand million texts: it ends at once or not at all.
  expect(found.map(({ message }) => message).join('\n')).toMatch(/alias/i);
});
