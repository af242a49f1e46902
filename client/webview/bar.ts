// The line above the picture: which model, which mode, and the search.
import type { Graph, ShownMode } from '../src/wire';
import { button, html, set } from './elements';

export interface BarActions {
  mode(mode: ShownMode): void;
  find(text: string): void;
  step(by: number): void;
  zoom(factor: number): void;
  home(): void;
  fold(): void;
  quiet(): void;
  save?(): void;
  leave(): void;
}

const NAMES: Record<ShownMode, string> = { eval: 'eval', train: 'train', both: 'difference' };

export class Bar {
  readonly element = html('header', { class: 'bar' });
  readonly #title = html('h1', { class: 'title' });
  readonly #about = html('span', { class: 'about' });
  readonly #modes = html('div', { class: 'segments', role: 'radiogroup', 'aria-label': 'Mode' });
  readonly #input = html('input', {
    type: 'search',
    placeholder: 'Find a node (Ctrl+F)',
    'aria-label': 'Find nodes by name, class or operation',
    spellcheck: 'false',
  });
  readonly #count = html('output', { 'aria-live': 'polite' });
  readonly #quiet: HTMLButtonElement;

  constructor(private readonly actions: BarActions) {
    this.#quiet = button('Plumbing', 'Show sizes, checks and parameters', () => actions.quiet());
    const search = html('div', { class: 'search', role: 'search' }, this.#input, this.#count);
    this.element.append(this.#title, this.#about, search, this.#modes, this.#quiet);
    this.element.append(
      button('−', 'Zoom out', () => actions.zoom(1 / 1.25)),
      button('+', 'Zoom in', () => actions.zoom(1.25)),
      button('Top', 'Back to the top, at a readable size', () => actions.home()),
      button('Fold', 'Close all groups', () => actions.fold()),
    );
    const { save } = actions;
    if (save) this.element.append(button('Save…', 'Save the picture as SVG, PNG or HTML', save));
    let waiting: ReturnType<typeof setTimeout> | undefined;
    this.#input.addEventListener('input', () => {
      clearTimeout(waiting);
      waiting = setTimeout(() => actions.find(this.#input.value.trim()), 120);
    });
    this.#input.addEventListener('keydown', (event) => {
      if (event.key === 'Enter') {
        clearTimeout(waiting);
        actions.step(event.shiftKey ? -1 : 1);
      } else if (event.key === 'Escape') {
        this.#input.value = '';
        actions.find('');
        actions.leave();
      } else return;
      event.preventDefault();
      event.stopPropagation();
    });
  }

  get text(): string {
    return this.#input.value.trim();
  }

  focus(): void {
    this.#input.focus();
    this.#input.select();
  }

  show(graph: Graph, quiet: { readonly any: boolean; readonly shown: boolean }): void {
    const stale = graph.state === 'stale';
    this.#title.textContent = graph.className.split('.').at(-1) ?? '';
    this.#title.title = graph.className;
    const facts = [
      graph.modes.length ? `${graph.nodes.toLocaleString('en')} nodes` : `${graph.nodes.toLocaleString('en')} modules`,
      graph.parameters ? `${graph.parameters.toLocaleString('en')} parameters` : '',
      graph.model ?? '',
    ];
    this.#about.textContent =
      graph.message ?? (stale ? 'Reading the changed model…' : facts.filter(Boolean).join(' · '));
    this.#about.title = this.#about.textContent;
    const modes: ShownMode[] = graph.differ ? ['eval', 'train', 'both'] : [];
    this.#modes.hidden = modes.length === 0;
    this.#modes.replaceChildren(
      ...modes.map((mode) => {
        const made = button(NAMES[mode], `Show ${NAMES[mode]}`, () => this.actions.mode(mode));
        set(made, { role: 'radio', 'aria-checked': `${mode === graph.mode}` });
        return made;
      }),
    );
    this.#quiet.hidden = !quiet.any;
    set(this.#quiet, { 'aria-pressed': `${quiet.shown}` });
  }

  count(text: string): void {
    this.#count.textContent = text;
  }
}
