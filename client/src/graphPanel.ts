// The graph view's panel: it relays between its page and the server, and follows the cursor.
import {
  CancellationTokenSource,
  commands,
  type Disposable,
  env,
  l10n,
  Position,
  type TextEditor,
  Uri,
  ViewColumn,
  type WebviewPanel,
  window,
  workspace,
} from 'vscode';
import type { FromPage, Questions, ToPage, ViewState } from '../webview/messages';
import { isPython } from './documents';
import { applyEdits } from './edits';
import { emptyGraph, filePage, panelPage } from './graphPage';
import { currentPlace, placeOf } from './locations';
import { graph, graphFind, graphLevels, graphNode, toggleQuery } from './protocol';
import type { Server } from './server';
import { openSource } from './sources';
import { debounced, inTurn } from './time';
import type { ModelTree, Place } from './tree';
import type { Graph, ShownMode } from './wire';

const CURSOR_DELAY = 150;
const NOTICE = 3_000;
/** The server's own limit of names; all hits are counted. */
const MOST_HITS = 2_000;

export type Act = 'toggle' | 'source' | 'tree' | 'copyName' | 'copyChain';

/** The graph of one call: it relays between its page and the server, and follows the cursor. */
export class GraphPanel implements Disposable {
  #place: Place | undefined;
  #mode: ShownMode | null = null;
  #open: readonly string[] | null = null;
  #shown: Graph | undefined;
  /** What the page has the levels of. */
  #sent: string | undefined;
  #asking: CancellationTokenSource | undefined;
  #waiting: { path: string; focus: boolean } | undefined;
  #ready = false;
  readonly #refreshSoon = debounced(() => void this.#refresh(), CURSOR_DELAY);
  readonly #toggleInTurn = inTurn((path: string, asked: boolean) => this.#toggle(path, asked));
  readonly #pictures: ((content: string) => void)[] = [];
  readonly #disposables: Disposable[];
  #followed = false;

  constructor(
    private readonly panel: WebviewPanel,
    private readonly server: Server,
    private readonly tree: ModelTree,
    private readonly extension: Uri,
    place: Place | undefined,
  ) {
    this.#place = place;
    panel.iconPath = Uri.joinPath(extension, 'client', 'media', 'view.svg');
    this.#disposables = [
      this.#refreshSoon,
      panel.webview.onDidReceiveMessage((message: FromPage) => void this.#take(message)),
      window.onDidChangeTextEditorSelection(({ textEditor }) => this.#follow(textEditor)),
      window.onDidChangeActiveTextEditor((editor) => this.#follow(editor)),
      server.onDidChange(() => this.#refreshSoon.call()),
      server.onModelChanged((uri) => uri === this.#uri && this.#refreshSoon.call()),
    ];
  }

  async start(state: ViewState | undefined): Promise<void> {
    if (state?.uri) await this.#restore(state);
    const out = Uri.joinPath(this.extension, 'client', 'out');
    this.panel.webview.options = { enableScripts: true, localResourceRoots: [out] };
    this.panel.webview.html = panelPage(this.panel.webview, out);
  }

  show(place: Place | undefined): void {
    this.panel.reveal(undefined, false);
    if (place) this.#place = place;
    void this.#refresh();
  }

  reveal(path: string, focus: boolean): void {
    this.#waiting = { path, focus };
    if (this.#ready && this.#sent !== undefined) this.#revealNow();
  }

  act(action: Act): void {
    this.#post({ type: 'do', action });
  }

  async save(): Promise<void> {
    await this.#reopen();
    const shown = this.#shown;
    if (!shown?.className) return;
    const name = shown.className.split('.').at(-1) ?? 'graph';
    const [folder] = workspace.workspaceFolders ?? [];
    const target = await window.showSaveDialog({
      title: 'Save Graph',
      filters: { 'SVG picture': ['svg'], 'PNG picture': ['png'], 'HTML page that opens and closes': ['html'] },
      ...(folder ? { defaultUri: Uri.joinPath(folder.uri, `${name}.svg`) } : {}),
    });
    if (!target) return;
    const content = await this.#content(target.path.split('.').at(-1)?.toLowerCase() ?? '');
    if (content) await workspace.fs.writeFile(target, content);
    else void window.showWarningMessage(l10n.t('FX Lens: Give the file a name that ends in .svg, .png or .html.'));
  }

  async #content(ending: string): Promise<Uint8Array | undefined> {
    if (ending === 'html') {
      const out = Uri.joinPath(this.extension, 'client', 'out');
      return new TextEncoder().encode(await filePage(out, await this.#wholeGraphs()));
    }
    if (ending !== 'svg' && ending !== 'png') return undefined;
    const drawn = new Promise<string>((answer) => this.#pictures.push(answer));
    this.#post({ type: 'draw', kind: ending });
    return Buffer.from(await drawn, ending === 'png' ? 'base64' : 'utf8');
  }

  /** The graph with all its levels; each mode's where they differ, the one that is shown first. */
  async #wholeGraphs(): Promise<Graph[]> {
    const { client } = this.server;
    const shown = this.#shown;
    if (!client || !shown) return [];
    const others: ShownMode[] = shown.differ ? ['eval', 'train', 'both'] : [];
    const modes = [shown.mode, ...others.filter((mode) => mode !== shown.mode)];
    return Promise.all(
      modes.map((mode) => client.ask(graph, { ...this.#parameters(), mode, open: null, everything: true })),
    );
  }

  dispose(): void {
    this.#asking?.cancel();
    for (const disposable of this.#disposables) disposable.dispose();
    this.panel.dispose();
  }

  get #uri(): string | undefined {
    return this.#place?.document.uri.toString();
  }

  #post(message: ToPage): void {
    void this.panel.webview.postMessage(message);
  }

  async #restore(state: ViewState): Promise<void> {
    try {
      const place = await placeOf(state.uri, state.position ?? { line: 0, character: 0 });
      this.#place = place && state.model !== undefined ? { ...place, model: state.model } : place;
    } catch {
      this.#place = currentPlace(); // The file is no more.
    }
    this.#mode = state.mode;
    this.#open = state.open;
  }

  /** Follow the cursor from call to call, and to the node of the query under it. */
  #follow(editor: TextEditor | undefined): void {
    if (!editor || !isPython(editor.document) || this.tree.isSource(editor.document.uri.toString())) return;
    const position = editor.selection.active;
    if (this.#uri === editor.document.uri.toString() && this.#place?.position.isEqual(position)) return;
    this.#place = { document: editor.document, position };
    this.#followed = true;
    this.#refreshSoon.call();
  }

  async #refresh(): Promise<void> {
    if (!this.#ready) return;
    this.#asking?.cancel();
    const asking = new CancellationTokenSource();
    this.#asking = asking;
    const { client } = this.server;
    // VS Code closes a file behind other tabs when it likes. The picture stays; a page that has none yet needs the file.
    if (this.#place?.document.isClosed && this.#sent !== undefined) return;
    await this.#reopen();
    const place = this.#place;
    if (!client || !place) return this.#say('Open a Python file with a feature-extraction call.');
    const known = this.#shown?.revision;
    const same = this.#sent === key(this.#shown);
    const parameters = {
      ...this.#parameters(),
      mode: this.#mode,
      open: this.#open,
      ...(same && typeof known === 'number' ? { known } : {}),
    };
    const answer = await this.server.attempt(() => client.ask(graph, parameters, asking.token));
    if (!answer || asking.token.isCancellationRequested) return;
    const followed = this.#followed;
    this.#followed = false;
    // A file without a call leaves the picture as it is: one reads the model's source beside it.
    if (!answer.className && answer.state === 'none' && followed && this.#shown?.className && !answer.model) return;
    this.#shown = answer;
    this.#sent = key(answer);
    this.panel.title = answer.className ? `Graph: ${answer.className.split('.').at(-1)}` : 'Graph';
    void commands.executeCommand('setContext', 'fxlens.graphEditable', answer.editable);
    const { line, character } = place.position;
    const model = place.model === undefined ? {} : { model: place.model };
    const uri = place.document.uri.toString();
    this.#post({ type: 'graph', graph: answer, where: { uri, position: { line, character }, ...model } });
    const wanted = workspace.getConfiguration('fxlens', place.document).get('tree.revealOnCursorMove', true);
    if (followed && wanted && answer.query) this.reveal(answer.query, false);
    else if (this.#waiting) this.#revealNow();
  }

  /** The server answers only for files that are open. */
  async #reopen(): Promise<void> {
    const place = this.#place;
    if (!place?.document.isClosed) return;
    const opened = await this.server.attempt(async () => workspace.openTextDocument(place.document.uri));
    // Without one the file is no more. Meanwhile the cursor may be elsewhere.
    if (this.#place === place) this.#place = opened ? { ...place, document: opened } : currentPlace();
  }

  #revealNow(): void {
    if (this.#waiting) this.#post({ type: 'reveal', ...this.#waiting });
    this.#waiting = undefined;
  }

  #say(message: string): void {
    if (this.#shown) return;
    this.#post({ type: 'graph', graph: emptyGraph(message), where: { uri: this.#uri ?? '' } });
  }

  #parameters() {
    const place = this.#place;
    const { line, character } = place?.position ?? new Position(0, 0);
    const model = place?.model === undefined ? {} : { model: place.model };
    return { textDocument: { uri: this.#uri ?? '' }, position: { line, character }, ...model };
  }

  async #take(message: FromPage): Promise<void> {
    switch (message.type) {
      case 'ready':
        // The page has begun again, after it was hidden perhaps.
        this.#ready = true;
        this.#sent = undefined;
        if (message.state) {
          this.#mode = message.state.mode;
          this.#open = message.state.open;
        }
        return this.#refresh();
      case 'view':
        this.#mode = message.mode;
        this.#open = message.open;
        this.#sent = undefined;
        return this.#refresh();
      case 'opened':
        this.#open = message.open;
        return;
      case 'ask': {
        const value = await this.server.attempt(() => this.#answer(message.method, message.parameters));
        const failed = value === undefined;
        this.#post({ type: 'answer', number: message.number, value, failed });
        return;
      }
      case 'toggle':
        return this.#toggleInTurn(message.path, message.asked);
      case 'source':
      case 'copyChain':
        return this.#withDetails(message.type, message.path);
      case 'copyName':
        return copy(message.path);
      case 'tree': {
        const place = this.#place;
        if (place) await this.tree.revealPath(place.document, place.position, message.path, place.model);
        return;
      }
      case 'save':
        return this.save();
      case 'picture':
        this.#pictures.shift()?.(message.content);
    }
  }

  async #answer(method: keyof Questions, parameters: object): Promise<unknown> {
    await this.#reopen();
    const { client } = this.server;
    const shown = this.#shown;
    if (!client || !shown) throw new Error('The language server is not running.');
    const common = { ...this.#parameters(), mode: shown.mode };
    if (method === 'node') return client.ask(graphNode, { ...common, ...(parameters as Questions['node'][0]) });
    if (method === 'find')
      return client.ask(graphFind, { ...common, ...(parameters as Questions['find'][0]), limit: MOST_HITS });
    const { paths } = parameters as Questions['levels'][0];
    const answer = await client.ask(graphLevels, { ...common, revision: shown.revision ?? -1, paths });
    if (answer.stale) this.#refreshSoon.call();
    return answer;
  }

  async #withDetails(action: 'source' | 'copyChain', path: string): Promise<void> {
    await this.#reopen();
    const { client } = this.server;
    const shown = this.#shown;
    if (!client || !shown) return;
    const details = await this.server.attempt(() =>
      client.ask(graphNode, { ...this.#parameters(), mode: shown.mode, path }),
    );
    if (action === 'copyChain') {
      if (details?.chain) await copy(details.chain);
      else window.setStatusBarMessage(`$(info) ${l10n.t('{0} is not the output of a module', path)}`, NOTICE);
    } else if (details?.source) {
      this.tree.expectSource(Uri.parse(details.source.uri).toString());
      await openSource(details.source, this.#codeColumn());
    } else window.setStatusBarMessage(`$(info) ${l10n.t('No source line is known for {0}', path)}`, NOTICE);
  }

  /** Where the code is: not in place of the picture. */
  #codeColumn(): ViewColumn {
    const own = window.visibleTextEditors.find(({ document }) => document === this.#place?.document)?.viewColumn;
    return own ?? (this.panel.viewColumn === ViewColumn.One ? ViewColumn.Beside : ViewColumn.One);
  }

  async #toggle(path: string, asked: boolean): Promise<void> {
    await this.#reopen();
    const { client } = this.server;
    const place = this.#place;
    if (!client || !place) return;
    const answer = await this.server.attempt(() => client.ask(toggleQuery, { ...this.#parameters(), path, asked }));
    const problem = answer ? (answer.problem ?? (await applyEdits(place.document, answer))) : null;
    if (problem) void window.showWarningMessage(`FX Lens: ${problem}`);
  }
}

/** What the levels of a page are of. */
function key(shown: Graph | undefined): string | undefined {
  return shown && `${shown.revision} ${shown.mode}`;
}

async function copy(text: string): Promise<void> {
  await env.clipboard.writeText(text);
  window.setStatusBarMessage(`$(check) ${l10n.t('Copied {0}', text)}`, NOTICE);
}
