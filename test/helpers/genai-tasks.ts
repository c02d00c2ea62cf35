import { ApiError, GoogleGenAI } from '@google/genai';
import { CLIENT_KEY } from './ai.ts';
import { CITY_SCHEMA, HELLO, LOOK, PNG, RESULT, type SdkTasks, WEATHER } from './sdk-tasks.ts';

/** Google's own SDK, below `/v1/providers/p0`. @param apiVersion as it goes before its paths; its own if absent */
export const googleSdk = (gateway: { url: string }, apiVersion?: string): GoogleGenAI =>
  new GoogleGenAI({
    apiKey: 'of no use here',
    httpOptions: {
      baseUrl: `${gateway.url}/v1/providers/p0`,
      headers: { authorization: `Bearer ${CLIENT_KEY}` },
      ...(apiVersion !== undefined && { apiVersion }),
    },
  });

export function genaiTasks(gateway: { url: string }): SdkTasks {
  const { models } = googleSdk(gateway, '');
  const said = async (asked: Parameters<typeof models.generateContent>[0]) =>
    (await models.generateContent(asked)).text ?? '';
  return {
    chat: (model) => said({ model, contents: HELLO }),
    async stream(model, onPiece, abortSignal) {
      const pieces: string[] = [];
      const asked = { model, contents: HELLO, config: abortSignal && { abortSignal } };
      for await (const { text } of await models.generateContentStream(asked)) {
        if (!text) continue;
        pieces.push(text);
        onPiece?.();
      }
      return pieces;
    },
    async tools(model) {
      const declared = { name: 'get_weather', parametersJsonSchema: CITY_SCHEMA };
      const config = { tools: [{ functionDeclarations: [declared] }] };
      const called = await models.generateContent({ model, contents: WEATHER, config });
      const [call] = called.functionCalls ?? [];
      const turn = called.candidates?.[0]?.content;
      if (!call || !turn) throw new Error('no tool was called');
      const result = { functionResponse: { name: 'get_weather', response: { output: RESULT } } };
      const contents = [
        { role: 'user', parts: [{ text: WEATHER }] },
        turn,
        { role: 'user', parts: [result] },
      ];
      return { city: call.args?.city, answer: await said({ model, contents, config }) };
    },
    async structured(model) {
      const config = { responseMimeType: 'application/json', responseJsonSchema: CITY_SCHEMA };
      return JSON.parse(await said({ model, contents: HELLO, config }));
    },
    image: (model) =>
      said({ model, contents: [{ text: LOOK }, { inlineData: { mimeType: 'image/png', data: PNG } }] }),
    async embeddings(model) {
      const config = { outputDimensionality: 8 };
      const { embeddings } = await models.embedContent({ model, contents: HELLO, config });
      return embeddings?.[0]?.values ?? [];
    },
    isError: (error, status) => error instanceof ApiError && error.status === status,
  };
}
