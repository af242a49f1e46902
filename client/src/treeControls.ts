// What of the model the tree shows: the nodes of one mode or of both, and those that fit a filter.
import { commands, type Disposable, EventEmitter, type InputBox, l10n, type Memento, window } from 'vscode';
import type { ViewOptions } from './protocol';

type ShownMode = ViewOptions['mode'];

const MODE = 'fxlens.mode';
const PLUMBING = 'fxlens.plumbing';

export class TreeControls implements Disposable {
  readonly #changed = new EventEmitter<void>();
  readonly onDidChange = this.#changed.event;
  #mode: ShownMode;
  #plumbing: boolean;
  #filter = '';
  #box: InputBox | undefined;

  constructor(private readonly memory: Memento) {
    this.#mode = memory.get<ShownMode>(MODE, 'both');
    this.#plumbing = memory.get(PLUMBING, false);
    this.#tell();
  }

  get asked(): ViewOptions {
    return { mode: this.#mode, filter: this.#filter, plumbing: this.#plumbing };
  }

  /** Remembered for the workspace. */
  async showMode(mode: ShownMode): Promise<void> {
    this.#mode = mode;
    this.#tell();
    await this.memory.update(MODE, mode);
  }

  /** Show or hide sizes, flags and checks; remembered for the workspace. */
  async showPlumbing(shown: boolean): Promise<void> {
    this.#plumbing = shown;
    this.#tell();
    await this.memory.update(PLUMBING, shown);
  }

  setFilter(text: string): void {
    if (text === this.#filter) return;
    this.#filter = text;
    this.#tell();
  }

  /** A box whose text filters while one types; Escape brings back what was shown before. */
  askFilter(): void {
    const before = this.#filter;
    const box = window.createInputBox();
    this.#box = box;
    box.title = l10n.t('FX Lens: Filter Model Tree');
    box.placeholder = l10n.t('Part of a node name, a module class or an operation');
    box.value = before;
    let accepted = false;
    box.onDidChangeValue((text) => this.setFilter(text.trim()));
    box.onDidAccept(() => {
      accepted = true;
      box.hide();
    });
    box.onDidHide(() => {
      this.#box = undefined;
      if (!accepted) this.setFilter(before);
      box.dispose();
    });
    box.show();
  }

  /** Say in the box what the filter leaves: in a narrow side bar it lies over the line above the tree. */
  say(message: string): void {
    if (this.#box) this.#box.prompt = this.#filter ? message : '';
  }

  dispose(): void {
    this.#changed.dispose();
  }

  #tell(): void {
    void commands.executeCommand('setContext', MODE, this.#mode);
    void commands.executeCommand('setContext', PLUMBING, this.#plumbing);
    void commands.executeCommand('setContext', 'fxlens.filtered', this.#filter !== '');
    this.#changed.fire();
  }
}
