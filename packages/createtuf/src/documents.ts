import { oldLogPath } from '@sigstand/contracts/shards';
import { pem } from '@sigstand/pki/pem';
import { TrustedRoot } from '@sigstore/protobuf-specs';
import type { Addresses } from './addresses.ts';
import { refuseTaken } from './extra-targets.ts';
import type { Material } from './material.ts';
import { publishedTargets, type Repository, RepositoryError } from './repository.ts';
import { signingConfigJson } from './signing-config.ts';
import { retiredTargets, separateTargets, type Target } from './targets.ts';
import {
  beginning,
  type OldLog,
  succeeding,
  trustedRoot,
  trustedRootJson,
} from './trusted-root.ts';

/** What the files that are handed out are made from. */
export interface Contents {
  readonly material: Material;
  readonly addresses: Addresses;
  /** Files of the operator's own. */
  readonly extra: readonly Target[];
  /** Whether Rekor's log is to be published by its recorded name, where it was under another. */
  readonly correctLogUrl: boolean;
  readonly now: Date;
}

/**
 * The files to hand out: the documents, the separate files, what remains of what was before, and the
 * operator's own; and what is trusted for signatures up to now only, and had no end before.
 */
export function targetsOf(
  published: Repository | undefined,
  { material, addresses, extra, ...rest }: Contents,
): { targets: Target[]; retired: string[] } {
  const before = published ? publishedTargets(published) : [];
  const separate = separateTargets(material, addresses);
  const old = oldLogsOf(material, addresses);
  const { root, retired } = trustFrom(before, trustedRoot(material, addresses), { ...rest, old });
  const own = [
    { name: trustedRootName, bytes: trustedRootJson(root) },
    {
      name: 'signing_config.v0.2.json',
      bytes: signingConfigJson(material, addresses, beginning(material)),
    },
    ...separate,
    ...retiredTargets(before, [...separate, ...extra]).map((one) => placedAs(root, one)),
  ];
  refuseTaken(extra, own);
  return { targets: [...own, ...extra], retired };
}

/** The CT logs in which nobody writes any more, beside the one that is written to. */
function oldLogsOf({ ctlog }: Material, addresses: Addresses): OldLog[] {
  const [base] = addresses.ctlog;
  return (ctlog?.old ?? []).map(({ key, tree }) => ({ key, url: oldLogPath(base, tree) }));
}

/** The file of a CT log's key with the address that the trust root has for that log. */
function placedAs({ ctlogs }: TrustedRoot, file: Target): Target {
  const { custom, bytes } = file;
  const sigstore = custom?.sigstore;
  if (sigstore?.usage !== 'CTFE') return file;
  const log = ctlogs.find(({ publicKey }) => isKeyOf(publicKey?.rawBytes, bytes));
  const uri = log?.baseUrl ?? sigstore.uri;
  return { ...file, custom: { ...custom, sigstore: { ...sigstore, uri } } };
}

function isKeyOf(key: Uint8Array | undefined, file: Uint8Array): boolean {
  return key !== undefined && Buffer.compare(pem('PUBLIC KEY', key), file) === 0;
}

const trustedRootName = 'trusted_root.json';

function trustFrom(
  before: readonly Target[],
  wanted: TrustedRoot,
  rest: Pick<Contents, 'correctLogUrl' | 'now'> & { readonly old: readonly OldLog[] },
) {
  const document = before.find(({ name }) => name === trustedRootName);
  if (document === undefined) return { root: wanted, retired: [] };
  try {
    const published = TrustedRoot.fromJSON(JSON.parse(Buffer.from(document.bytes).toString()));
    return succeeding(published, wanted, rest);
  } catch {
    throw new RepositoryError(`has a ${trustedRootName} that cannot be read`);
  }
}
