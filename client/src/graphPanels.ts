// The graph view: one editor panel beside the code.
import { type Disposable, type Uri, ViewColumn, type WebviewPanel, window } from 'vscode';
import type { ViewState } from '../webview/messages';
import { type Act, GraphPanel } from './graphPanel';
import { currentPlace, placeOf } from './locations';
import type { Server } from './server';
import type { ModelTree, Place } from './tree';

const TYPE = 'fxlens.graph';

/** The one panel of a window, if it is open. */
export class GraphPanels implements Disposable {
  #panel: GraphPanel | undefined;
  readonly #disposables: Disposable[];

  constructor(
    private readonly server: Server,
    private readonly tree: ModelTree,
    private readonly extension: Uri,
  ) {
    this.#disposables = [
      window.registerWebviewPanelSerializer(TYPE, {
        deserializeWebviewPanel: async (panel, state: ViewState | undefined) => {
          if (this.#panel) panel.dispose();
          else await this.#adopt(panel, state ?? undefined);
        },
      }),
    ];
  }

  /** Show the graph of the call at a position, as its code lens says; of the nearest call when it comes from the palette. */
  async open(uri?: string, at?: { line: number; character: number }): Promise<void> {
    const place = uri && at ? await placeOf(uri, at) : (currentPlace() ?? this.tree.place);
    await this.#show(place);
  }

  /** Show the graph that the tree shows, and a node in it. */
  async reveal(path: string, place: Place | undefined): Promise<void> {
    const panel = await this.#show(place);
    panel.reveal(path, true);
  }

  async save(): Promise<void> {
    await this.#panel?.save();
  }

  act(action: Act): void {
    this.#panel?.act(action);
  }

  async #show(place: Place | undefined): Promise<GraphPanel> {
    if (this.#panel) {
      this.#panel.show(place);
      return this.#panel;
    }
    const column = { viewColumn: ViewColumn.Beside, preserveFocus: false };
    const panel = window.createWebviewPanel(TYPE, 'Graph', column, { enableFindWidget: false });
    return this.#adopt(panel, undefined, place);
  }

  async #adopt(panel: WebviewPanel, state: ViewState | undefined, place?: Place): Promise<GraphPanel> {
    const made = new GraphPanel(panel, this.server, this.tree, this.extension, place);
    this.#panel = made;
    panel.onDidDispose(() => {
      made.dispose();
      if (this.#panel === made) this.#panel = undefined;
    });
    await made.start(state);
    return made;
  }

  dispose(): void {
    this.#panel?.dispose();
    for (const disposable of this.#disposables) disposable.dispose();
  }
}
