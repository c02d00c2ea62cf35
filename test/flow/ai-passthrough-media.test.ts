// Sound in providers' own words: each costs what it does, before it is asked for and after.
import { expect, it } from 'vitest';
import { aiGateway, CLIENT_KEY, rawProvider } from '../helpers/ai.ts';
import { mp3 } from '../helpers/sounds.ts';

const OPEN = { passthrough: true };

it('sound that is translated costs as long as it lasts, whatever its answer says', async () => {
  const provider = await rawProvider((response) =>
    response.writeHead(200, { 'content-type': 'application/json' }).end('{"text":"Hello"}'),
  );
  const gateway = await aiGateway([{ kind: 'openai', baseUrl: provider.url, ...OPEN }]);
  const form = new FormData();
  form.set('model', 'whisper-1');
  form.set('file', new Blob([new Uint8Array(mp3(60, [32]))]), 'call.mp3');

  const headers = { authorization: `Bearer ${CLIENT_KEY}` };
  const url = `${gateway.url}/v1/providers/p0/audio/translations`;
  const { status } = await fetch(url, { method: 'POST', headers, body: form });

  expect(status).toBe(200);
  // A minute at 0.006 dollars.
  expect((await gateway.accessLine((line) => line.method === 'POST')).usd).toBeCloseTo(0.006, 3);
});

it('what nobody reads, as the form of a PUT, costs nothing whatever is in it', async () => {
  const provider = await rawProvider((response) =>
    response.writeHead(200, { 'content-type': 'text/plain' }).end('x'),
  );
  const gateway = await aiGateway([{ kind: 'openai', baseUrl: provider.url, ...OPEN }]);
  const headers = {
    authorization: `Bearer ${CLIENT_KEY}`,
    'content-type': 'multipart/form-data; boundary=b',
  };

  const url = `${gateway.url}/v1/providers/p0/audio/translations`;
  const answer = await fetch(url, { method: 'PUT', headers, body: 'no form' });

  expect([answer.status, await answer.text()]).toEqual([200, 'x']);
  expect(await gateway.accessLine(({ method }) => method === 'PUT')).toMatchObject({ tokens_in: 0, usd: 0 });
});
