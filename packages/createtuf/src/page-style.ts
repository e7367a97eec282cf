import { createHash } from 'node:crypto';

/** The page's whole style: nothing is fetched, and it is read on a telephone and on paper, by day and by night. */
export const style = `
:root { color-scheme: light dark; --text: #1b1f24; --quiet: #57606a; --ground: #ffffff; --block: #f3f5f7; --line: #8c959f; --link: #0550ae; }
@media (prefers-color-scheme: dark) {
  :root { --text: #e6edf3; --quiet: #9da7b3; --ground: #0d1117; --block: #171d25; --line: #6e7681; --link: #79c0ff; }
}
* { box-sizing: border-box; }
body { margin: 0; background: var(--ground); color: var(--text); font: 1rem/1.5 system-ui, sans-serif; }
main { max-width: 60rem; margin: 0 auto; padding: 1rem; }
h1 { font-size: 1.6rem; line-height: 1.25; overflow-wrap: anywhere; }
h2 { font-size: 1.25rem; margin-top: 2.5rem; }
h3 { font-size: 1.05rem; margin-bottom: 0.25rem; }
p, dd { overflow-wrap: anywhere; }
dt { color: var(--quiet); }
dd { margin: 0 0 0.75rem; }
a { color: var(--link); }
code, pre { font-family: ui-monospace, monospace; font-size: 0.9rem; }
pre { margin: 0; }
.wide { overflow-x: auto; background: var(--block); border: 1px solid var(--line); border-radius: 4px; padding: 0.75rem; }
.wide:focus-visible, a:focus-visible { outline: 3px solid var(--link); outline-offset: 2px; }
table { border-collapse: collapse; width: 100%; }
caption { text-align: left; color: var(--quiet); padding-bottom: 0.5rem; }
th, td { text-align: left; vertical-align: top; padding: 0.35rem 1rem 0.35rem 0; }
thead th { border-bottom: 1px solid var(--line); }
td code { overflow-wrap: anywhere; }
time { white-space: nowrap; }
@media print { .wide { overflow: visible; } pre { white-space: pre-wrap; overflow-wrap: anywhere; } }
`;

/** What the page itself allows: that one style, and no script, whoever serves it. */
export const policy = [
  "default-src 'none'",
  `style-src 'sha256-${createHash('sha256').update(style).digest('base64')}'`,
  "base-uri 'none'",
  "form-action 'none'",
].join('; ');
