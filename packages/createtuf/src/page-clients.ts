import type { PageFacts } from './page-facts.ts';
import { shellWord } from './shell-word.ts';

/** How one client is told to trust a stack: text that is copied as it stands. */
export interface ClientGuide {
  readonly name: string;
  readonly language: 'sh' | 'js' | 'go';
  readonly says: string;
  readonly code: string;
}

/** What clients begin with, but for cosign, which does the same by itself. */
export function firstRootCommands({ mirror, firstRoot }: PageFacts): string {
  return `curl -fsSLO ${shellWord(`${mirror}/1.root.json`)}
echo '${firstRoot}  1.root.json' | sha256sum -c`;
}

/** Only what was run; a client that needs a service which is not there is left out. */
export function clientGuides(facts: PageFacts): ClientGuide[] {
  const gitsign = gitsignGuide(facts);
  return [
    cosignGuide(facts),
    pythonGuide(facts),
    javaScriptGuide(facts),
    goGuide(facts),
    ...(gitsign ? [gitsign] : []),
  ];
}

const urlOf = ({ services }: PageFacts, wanted: string) =>
  services.find(({ name }) => name === wanted)?.url;

/** A stack that takes no tokens itself may still have signatures by those of before. */
const issuerWord = (facts: PageFacts) => {
  const issuer = urlOf(facts, 'Issuer');
  return issuer === undefined ? '"$ISSUER"' : shellWord(issuer);
};

function cosignGuide(facts: PageFacts): ClientGuide {
  const { mirror, firstRoot } = facts;
  const stamps = urlOf(facts, 'Timestamp authority') ? ' --use-signed-timestamps' : '';
  return {
    name: 'cosign',
    language: 'sh',
    says: 'This replaces what cosign trusted before: in the folder TUF_ROOT or, without it, in ~/.sigstore/root.',
    code: `cosign initialize --mirror ${shellWord(mirror)} \\
  --root ${shellWord(`${mirror}/1.root.json`)} \\
  --root-checksum ${firstRoot}
cosign verify-blob --bundle "$FILE.sigstore.json"${stamps} \\
  --certificate-identity "$IDENTITY" \\
  --certificate-oidc-issuer ${issuerWord(facts)} "$FILE"`,
  };
}

function pythonGuide(facts: PageFacts): ClientGuide {
  const instance = `sigstore --instance ${shellWord(facts.mirror)}`;
  return {
    name: 'sigstore-python',
    language: 'sh',
    says: 'It keeps the trust under the URL of this mirror, beside what it has of others.',
    code: `${instance} trust-instance 1.root.json
${instance} verify identity --bundle "$FILE.sigstore.json" \\
  --cert-identity "$IDENTITY" \\
  --cert-oidc-issuer ${issuerWord(facts)} "$FILE"`,
  };
}

function javaScriptGuide(facts: PageFacts): ClientGuide {
  const issuer = urlOf(facts, 'Issuer');
  return {
    name: 'sigstore-js',
    language: 'js',
    says: 'The package is named sigstore. With a cache of its own, it leaves the public trust as it is.',
    code: [
      "import { readFile } from 'node:fs/promises';",
      "import { env } from 'node:process';",
      "import { verify } from 'sigstore';",
      '',
      "const bundle = JSON.parse(await readFile(env.FILE + '.sigstore.json', 'utf8'));",
      'await verify(bundle, await readFile(env.FILE), {',
      `  tufMirrorURL: ${JSON.stringify(facts.mirror)},`,
      "  tufRootPath: '1.root.json',",
      "  tufCachePath: 'tuf-js',",
      '  certificateIdentityURI: env.IDENTITY,',
      `  certificateIssuer: ${issuer === undefined ? 'env.ISSUER' : JSON.stringify(issuer)},`,
      '});',
      "console.log('verified');",
    ].join('\n'),
  };
}

function goGuide({ mirror }: PageFacts): ClientGuide {
  return {
    name: 'sigstore-go',
    language: 'go',
    says: 'Hand the trusted root to verify.NewVerifier.',
    code: `package main

import (
	"fmt"
	"log"
	"os"

	"github.com/sigstore/sigstore-go/pkg/root"
	"github.com/sigstore/sigstore-go/pkg/tuf"
)

func main() {
	first, err := os.ReadFile("1.root.json")
	if err != nil {
		log.Fatal(err)
	}
	client, err := tuf.New(tuf.DefaultOptions().WithRoot(first).
		WithRepositoryBaseURL(${JSON.stringify(mirror)}).WithCachePath("tuf-go"))
	if err != nil {
		log.Fatal(err)
	}
	trusted, err := root.GetTrustedRoot(client)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("logs of signatures:", len(trusted.RekorLogs()))
}`,
  };
}

function gitsignGuide(facts: PageFacts): ClientGuide | undefined {
  const { mirror, separate } = facts;
  const { rekor, ctlog, fulcio } = separate;
  const [ca, log] = [urlOf(facts, 'Fulcio'), urlOf(facts, 'Rekor')];
  if (!rekor || !ctlog || !ca || !log || fulcio.length === 0) return undefined;
  const files = [rekor, ctlog, ...fulcio].map(shellWord);
  return {
    name: 'gitsign',
    language: 'sh',
    says: 'In the repository whose commits are signed. It reads keys from files: do this again after a key was replaced.',
    code: `for file in ${files.join(' \\\n    ')}; do
  curl -fsSLO ${shellWord(`${mirror}/targets/`)}"$file"
  echo "\${file%%.*}  $file" | sha256sum -c
done
cat ${fulcio.map(shellWord).join(' ')} >fulcio.crt.pem
export TUF_MIRROR=${shellWord(mirror)} TUF_ROOT_JSON=$PWD/1.root.json TUF_ROOT=$PWD/tuf-gitsign
export SIGSTORE_REKOR_PUBLIC_KEY=$PWD/${shellWord(rekor)}
export SIGSTORE_CT_LOG_PUBLIC_KEY_FILE=$PWD/${shellWord(ctlog)}
git config --local gpg.format x509
git config --local gpg.x509.program gitsign
git config --local gitsign.fulcioRoot "$PWD/fulcio.crt.pem"
git config --local gitsign.fulcio ${shellWord(ca)}
git config --local gitsign.rekor ${shellWord(log)}
git config --local gitsign.issuer ${issuerWord(facts)}
gitsign verify --certificate-identity "$IDENTITY" \\
  --certificate-oidc-issuer ${issuerWord(facts)} HEAD`,
  };
}
