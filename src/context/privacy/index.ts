import type { DataKind } from '../../contracts/personal-data.ts';
import type { Documents } from '../../contracts/store.ts';
import { PERSONAL_DATA } from '../../lib/personal-data/index.ts';
import type { ContextPrivacy } from '../ports.ts';
import { InstallationSecret } from './installation-secret.ts';
import { type Redactor, redactorOf } from './redact-messages.ts';
import { openVault, type Vault, type WrappedKeys } from './vault.ts';

export { KeyUpkeep } from './key-upkeep.ts';

/** What of the config decides about it. */
export interface PrivacySettings {
  readonly redact: readonly DataKind[];
  /** Further kinds: RE2 expressions by name; absent: none. */
  readonly patterns?: Readonly<Record<string, string>>;
  readonly encryptWith: string;
  readonly decryptWith: readonly string[];
}

export interface Privacy extends ContextPrivacy {
  /** Looks after the keys of all, whether they speak or not. @throws StoreUnavailable */
  renew(): Promise<WrappedKeys>;
}

/** @param settings asked each time: a reload may change them */
export function openPrivacy(
  settings: () => PrivacySettings,
  documents: Documents,
  now: () => number,
): Privacy {
  const installation = new InstallationSecret(documents);
  let made: { of: PrivacySettings; vault: Vault; redactor: Redactor } | undefined;
  const current = (): { vault: Vault; redactor: Redactor } => {
    const wanted = settings();
    if (made?.of === wanted) return made;
    const isSameVault =
      made?.of.encryptWith === wanted.encryptWith && made.of.decryptWith.join() === wanted.decryptWith.join();
    made = {
      of: wanted,
      vault: isSameVault && made ? made.vault : openVault({ ...wanted, documents, now, installation }),
      redactor: redactorOf(wanted.redact, PERSONAL_DATA, wanted.patterns),
    };
    return made;
  };
  return {
    of: (tenant) => current().vault.of(tenant),
    redact: (messages) => current().redactor.messages(messages),
    redactTexts: (texts) => current().redactor.texts(texts),
    lookAgain: (tenant) => current().vault.lookAgain(tenant),
    destroy: (tenant) => current().vault.destroy(tenant),
    rotate: (tenant) => current().vault.rotate(tenant),
    async renew() {
      await installation.renew();
      return current().vault.renew();
    },
  };
}
