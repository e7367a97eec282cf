import { utf8 } from '@sigstand/pki/pem';
import { wholeSeconds } from '@sigstand/pki/time';
import { asIs, type Html, html } from './html.ts';
import { type ClientGuide, clientGuides, firstRootCommands } from './page-clients.ts';
import { type PageFacts, pageFacts, type SignedRole, type Trusted } from './page-facts.ts';
import { policy, style } from './page-style.ts';
import type { Repository } from './repository.ts';

/**
 * The page for people who are to trust this repository, as it is reached at `mirror`: static, and by the
 * repository's own word alone, so that the same repository always has the same page.
 */
export function trustPage(repository: Repository, mirror: string): Uint8Array {
  return utf8(pageOf(pageFacts(repository, mirror)).html);
}

function pageOf(facts: PageFacts): Html {
  const who = facts.operator ?? new URL(facts.mirror).host;
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<title>Trust root of ${who}</title>
<style>${asIs(style)}</style>
</head>
<body>
<main>
<h1>Trust root of <bdi>${who}</bdi></h1>
<p>A private Sigstore. Clients that start from its first root trust what it signs, and follow every later root by themselves.</p>
${identity(facts, who)}
${clients(facts)}
${metadata(facts.signed)}
${trusted(facts.trusted)}
</main>
</body>
</html>
`;
}

function identity({ mirror, firstRoot, services }: PageFacts, who: string): Html {
  return html`<dl>
<dt>Run by</dt><dd><bdi>${who}</bdi></dd>
<dt>TUF repository</dt><dd><code>${mirror}</code></dd>
<dt>First root</dt><dd><a href="${mirror}/1.root.json">1.root.json</a>, SHA-256 <code id="first-root">${firstRoot}</code></dd>
${services.map(({ name, url }) => html`<dt>${name}</dt><dd><code>${url}</code></dd>\n`)}</dl>
<p>This page is worth no more than the way it came. Compare the SHA-256 with one that its operator gave you in another way.</p>`;
}

function clients(facts: PageFacts): Html {
  return html`<h2>Clients</h2>
<p>First, for all but cosign: fetch the first root, and hold it against its checksum.</p>
${block('First root', 'sh', firstRootCommands(facts))}
<p>Below, <code>FILE</code> is what was signed, beside its bundle <code>FILE.sigstore.json</code>, and <code>IDENTITY</code> who must have signed it.</p>
${clientGuides(facts).map(guide)}`;
}

function guide({ name, language, says, code }: ClientGuide): Html {
  return html`<h3>${name}</h3>
<p>${says}</p>
${block(name, language, code)}
`;
}

/** What is wider than a telephone is moved by itself, with a keyboard as well. */
function block(name: string, language: string, code: string): Html {
  return html`<div class="wide" role="region" aria-label="${name}" tabindex="0"><pre><code class="${language}">${code}</code></pre></div>`;
}

function metadata(signed: readonly SignedRole[]): Html {
  return html`<h2>What expires when</h2>
<div class="wide" role="region" aria-label="Metadata" tabindex="0"><table>
<caption>Clients refuse what has expired; each is signed again before that.</caption>
<thead><tr><th scope="col">Role</th><th scope="col">Version</th><th scope="col">Signed</th><th scope="col">Expires</th></tr></thead>
<tbody>
${signed.map((one) => html`<tr><th scope="row">${one.role}</th><td>${one.version}</td><td>${moment(one.signed, 'unknown')}</td><td>${moment(one.expires, 'unknown')}</td></tr>\n`)}</tbody>
</table></div>`;
}

function trusted(all: readonly Trusted[]): Html {
  if (all.length === 0) return html``;
  return html`<h2>What is trusted from when to when</h2>
<div class="wide" role="region" aria-label="Keys and authorities" tabindex="0"><table>
<caption>What a key or an authority signed within its time stays valid after the end.</caption>
<thead><tr><th scope="col">Service</th><th scope="col">Name and SHA-256</th><th scope="col">From</th><th scope="col">To</th></tr></thead>
<tbody>
${all.map((one) => html`<tr><th scope="row">${one.what}</th><td><bdi>${one.name}</bdi><br><code>${one.id}</code></td><td>${moment(one.start, 'the beginning')}</td><td>${moment(one.end, 'no end')}</td></tr>\n`)}</tbody>
</table></div>
<p>The SHA-256 is that of a log's public key, which is its log ID, and that of an authority's root certificate.</p>`;
}

function moment(time: Date | undefined, absent: string): Html {
  if (time === undefined || Number.isNaN(time.getTime())) return html`${absent}`;
  const text = wholeSeconds(time);
  return html`<time datetime="${text}">${text.replace('T', ' ').replace('Z', ' UTC')}</time>`;
}
