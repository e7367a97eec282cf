/** What a browser makes of the page. */
export interface Seen {
  readonly text: string;
  readonly headings: readonly string[];
  readonly scripts: number;
  readonly images: number;
  /** The computed colour behind everything. */
  readonly ground: string;
  readonly window: number;
  readonly pageWidth: number;
  /** Each piece of text with its contrast, as WCAG 2.2 defines it. */
  readonly contrasts: readonly { readonly text: string; readonly ratio: number }[];
  /** The elements whose content is wider than they are, and can be moved. */
  readonly wide: readonly { readonly focusable: boolean; readonly named: boolean }[];
}

/** The source of a function that runs in the page, and answers with what is `Seen`. */
export const seenIn = `function () {
  const parsed = (color) => color.match(/[\\d.]+/g).map(Number);
  const luminance = (color) => {
    const [r, g, b] = parsed(color).map((one) => one / 255)
      .map((one) => (one <= 0.04045 ? one / 12.92 : ((one + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const groundOf = (element) => {
    for (let at = element; at; at = at.parentElement) {
      const { backgroundColor } = getComputedStyle(at);
      const [, , , alpha = 1] = parsed(backgroundColor);
      if (alpha === 1) return backgroundColor;
      if (alpha > 0) throw new Error('a ground that is seen through');
    }
    throw new Error('a text without a ground');
  };
  const contrasts = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const text = walker.currentNode.textContent.trim();
    if (text === '') continue;
    const element = walker.currentNode.parentElement;
    const [a, b] = [getComputedStyle(element).color, groundOf(element)].map(luminance);
    contrasts.push({ text, ratio: (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05) });
  }
  return {
    contrasts,
    text: document.body.innerText,
    headings: [...document.querySelectorAll('h2, h3')].map((one) => one.textContent),
    scripts: document.scripts.length,
    images: document.images.length,
    ground: getComputedStyle(document.body).backgroundColor,
    window: window.innerWidth,
    pageWidth: document.documentElement.scrollWidth,
    wide: [...document.querySelectorAll('body *')]
      .filter((one) => one.scrollWidth > one.clientWidth && getComputedStyle(one).overflowX === 'auto')
      .map((one) => ({ focusable: one.tabIndex === 0, named: one.hasAttribute('aria-label') })),
  };
}`;
