import type { Documents } from '../../src/contracts/store.ts';
import { openStore } from '../../src/stores/index.ts';

/** Documents that note how many values were read. */
export async function counted(): Promise<{ documents: Documents; read(): number; close(): Promise<void> }> {
  const store = await openStore('memory:');
  const { documents } = store;
  let values = 0;
  return {
    documents: {
      get: async (...args) => {
        const found = await documents.get<never>(...args);
        if (found) values++;
        return found;
      },
      list: async (...args) => {
        const found = await documents.list<never>(...args);
        values += found.length;
        return found;
      },
      put: (...args) => documents.put(...args),
      delete: (...args) => documents.delete(...args),
      versions: (...args) => documents.versions(...args),
      written: (...args) => documents.written(...args),
    },
    read: () => {
      const before = values;
      values = 0;
      return before;
    },
    close: () => store.close(),
  };
}
