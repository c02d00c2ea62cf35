import { Type } from 'typebox';
import { Duration, OneOf, Percent, Strict } from './units.ts';

/** The model context (docs: context). Validated; its room is not built yet. */
export const Context = Strict(
  {
    enabled: Type.Boolean({ default: false }),
    ttl: Duration({ default: '24h' }),
    maxAge: Duration({ default: '30d' }),
    onConflict: OneOf(['merge', 'reject'], { default: 'merge' }),
    onStoreDown: OneOf(['degrade', 'fail'], { default: 'degrade' }),
    onDisconnect: OneOf(['finish', 'cancel'], { default: 'finish' }),
    compaction: Strict(
      {
        trigger: Percent({ default: '75%' }),
        target: Percent({ default: '45%' }),
        summarizer: Type.String({ default: '' }),
        verbatimTurns: Type.Integer({ minimum: 0, default: 6 }),
        recall: Percent({ default: '10%' }),
      },
      { default: {} },
    ),
    privacy: Strict(
      {
        redact: Type.Array(OneOf(['email', 'card', 'iban', 'phone']), { default: [] }),
        encryptWith: Type.String({ default: '' }),
      },
      { default: {} },
    ),
  },
  { default: {} },
);
