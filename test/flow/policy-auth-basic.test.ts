import { createHash } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { expect, it } from 'vitest';
import { backend } from '../helpers/backend.ts';
import { testGateway } from '../helpers/gateway.ts';

const digest = (text: string): string => createHash('sha256').update(text).digest('hex');
const basic = (text: string): string => `Basic ${Buffer.from(text).toString('base64')}`;
const consumers = [{ name: 'reports', groups: ['jobs'] }];
const users = [
  { name: 'nightly', sha256: digest('a:long pässword'), consumer: 'reports' },
  { name: 'hourly', sha256: digest('another-long-one'), consumer: 'reports' },
];

async function guarded(settings: object) {
  const seen: IncomingHttpHeaders[] = [];
  const { url } = await backend((request, response) => {
    seen.push(request.headers);
    response.end('ok');
  });
  const gateway = await testGateway({
    consumers,
    upstreams: { shop: { targets: [{ url }] } },
    routes: [
      {
        name: 'things',
        match: { path: '/things' },
        upstream: 'shop',
        policies: [{ 'auth-basic': settings }, { authorize: { groups: ['jobs'] } }],
      },
    ],
  });
  const ask = (authorization?: string): Promise<Response> =>
    fetch(`${gateway.url}/things`, { headers: authorization === undefined ? {} : { authorization } });
  return { gateway, ask, seen };
}

it('a machine with the right password is its consumer, and the upstream does not see the password', async () => {
  const { ask, seen } = await guarded({ users });
  expect((await ask(basic('nightly:a:long pässword'))).status).toBe(200);
  expect((await ask(basic('hourly:another-long-one').replace('Basic', 'bASIC'))).status).toBe(200);
  expect(seen.map((headers) => headers['x-consumer-name'])).toEqual(['reports', 'reports']);
  expect(seen.every((headers) => headers.authorization === undefined)).toBe(true);
});

it('the upstream gets the credentials where it is said so', async () => {
  const { ask, seen } = await guarded({ users, forward: true });
  await ask(basic('hourly:another-long-one'));
  expect(seen[0]?.authorization).toBe(basic('hourly:another-long-one'));
});

it('without credentials it says how to authenticate', async () => {
  const { ask } = await guarded({ users, realm: 'the shop' });
  for (const answer of [await ask(), await ask('Bearer x')]) {
    expect(answer.status).toBe(401);
    expect(answer.headers.get('www-authenticate')).toBe('Basic realm="the shop", charset="UTF-8"');
    expect(await answer.json()).toMatchObject({ code: 'auth_credentials_missing' });
  }
});

it('an unknown user and a wrong password get one and the same answer; the log knows better', async () => {
  const { gateway, ask, seen } = await guarded({ users });
  const wrong = [
    'nightly:wrong-secret',
    'stranger:wrong-secret',
    'hourly:a:long pässword',
    'nightly:',
    ':',
    'nightly',
    '__proto__:wrong-secret',
    `nightly:${'x'.repeat(3000)}`,
  ];
  const texts = new Set<string>();
  for (const credentials of wrong) {
    const answer = await ask(basic(credentials));
    expect(answer.status).toBe(401);
    const { request_id, ...rest } = (await answer.json()) as Record<string, unknown>;
    expect(request_id).toBeTruthy();
    texts.add(JSON.stringify(rest));
  }
  expect(texts.size).toBe(1);
  expect(seen).toEqual([]);
  await gateway.accessLine(({ detail }) => detail === 'the user is not known');
  await gateway.accessLine(({ detail }) => detail === 'the password of the user "nightly" is wrong');
  expect(JSON.stringify(gateway.lines)).not.toMatch(/wrong-secret|stranger|pässword/);
});

it('a user of a consumer that does not exist is refused when the config is read', async () => {
  const start = guarded({ users: [{ ...users[0], consumer: 'ghost' }] });
  await expect(start).rejects.toThrow('"ghost"');
});
