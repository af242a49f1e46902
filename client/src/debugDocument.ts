// What "Print Debug Information" shows: a document to read and to copy from, that nobody is asked to save.
import {
  commands,
  type Disposable,
  EventEmitter,
  env,
  l10n,
  type TextDocumentContentProvider,
  Uri,
  window,
  workspace,
} from 'vscode';

const SCHEME = 'fxlens-debug';
const ADDRESS = Uri.from({ scheme: SCHEME, path: '/FX Lens debug information.md' });
const NOTICE = 3_000;

export class DebugDocument implements TextDocumentContentProvider, Disposable {
  readonly #changed = new EventEmitter<Uri>();
  readonly onDidChange = this.#changed.event;
  readonly #disposables: Disposable[];
  #text = '';

  constructor() {
    this.#disposables = [
      this.#changed,
      workspace.registerTextDocumentContentProvider(SCHEME, this),
      commands.registerCommand('fxlens.copyDebugInformation', () => this.#copy()),
    ];
  }

  provideTextDocumentContent(): string {
    return this.#text;
  }

  async show(text: string): Promise<void> {
    this.#text = text;
    this.#changed.fire(ADDRESS);
    const document = await workspace.openTextDocument(ADDRESS);
    await window.showTextDocument(document, { preview: true });
  }

  dispose(): void {
    for (const disposable of this.#disposables) disposable.dispose();
  }

  async #copy(): Promise<void> {
    await env.clipboard.writeText(this.#text);
    window.setStatusBarMessage(`$(check) ${l10n.t('Copied the debug information')}`, NOTICE);
  }
}
