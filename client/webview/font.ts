// The monospaced font of the editor, scaled so that its letters are as wide as the layout counts them.
const NAME_ADVANCE = 7.2;
const SMALL_ADVANCE = 6.6;
const LETTERS = 100;

/** Measure the font that is there, and again when fonts have been loaded or the user has chosen another. */
export function scaleFont(root: HTMLElement): void {
  const ruler = document.createElement('span');
  ruler.textContent = '0'.repeat(LETTERS);
  ruler.className = 'ruler';
  ruler.setAttribute('aria-hidden', 'true');
  document.body.append(ruler);
  const measure = (): void => {
    // The ruler's letters are 100 px high, so this is the advance in parts of the height.
    const advance = ruler.getBoundingClientRect().width / LETTERS / 100;
    if (!(advance > 0.2)) return;
    root.style.setProperty('--fl-name', `${(NAME_ADVANCE / advance).toFixed(3)}px`);
    root.style.setProperty('--fl-small', `${(SMALL_ADVANCE / advance).toFixed(3)}px`);
  };
  measure();
  new ResizeObserver(measure).observe(ruler);
}
