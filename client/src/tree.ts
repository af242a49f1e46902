// The sidebar: the model of the extraction call nearest the cursor, down to its nodes.
import {
  CancellationTokenSource,
  commands,
  DataTransferItem,
  type Disposable,
  EventEmitter,
  l10n,
  Position,
  type ProviderResult,
  type TextDocument,
  type TextEditor,
  type TreeDataProvider,
  TreeItemCheckboxState,
  type TreeView,
  type TreeItem as VSCodeTreeItem,
  window,
  workspace,
} from 'vscode';
import { isPython } from './documents';
import { applyEdits } from './edits';
import type { ProblemKind } from './environment/resolve';
import type * as protocol from './protocol';
import { type TreeItem, toggleQuery, tree, treeChildren, treeModels, treePath, treeSource } from './protocol';
import { changedRows, type Shown } from './rowChanges';
import type { Server } from './server';
import { debounced, inTurn } from './time';
import type { TreeControls } from './treeControls';
import { treeItemOf } from './treeItem';
import { viewMessage, viewState } from './viewState';
import { reach } from './walkthrough';

const CURSOR_DELAY = 150;
/** Levels are opened by a filter that leaves no more nodes than this. */
const MOST_OPENED = 200;

type Ticked = readonly (readonly [TreeItem, TreeItemCheckboxState])[];

export interface Place {
  readonly document: TextDocument;
  readonly position: Position;
  /** Which of the models of the call, if one was chosen. */
  readonly model?: number;
}

export class ModelTree implements TreeDataProvider<TreeItem>, Disposable {
  readonly #changed = new EventEmitter<TreeItem[] | undefined>();
  readonly onDidChangeTreeData = this.#changed.event;
  readonly #view: TreeView<TreeItem>;
  readonly #parents = new Map<string, TreeItem | undefined>();
  /** The rows as VS Code has them, by id: it knows a row by its object. */
  readonly #rows = new Map<string, TreeItem>();
  /** The second of two quick ticks must be for the text that the first has made. */
  readonly #toggleInTurn = inTurn((items: Ticked) => this.#toggle(items));
  readonly #askSoon = debounced(() => void this.#askAgain(), CURSOR_DELAY);
  /** The topmost rows, asked for before VS Code is told that they changed. */
  #top: TreeItem[] | undefined;
  /** What the rows show; undefined while they must be asked for again whatever the answer is. */
  #shown: Shown | undefined;
  readonly #disposables: Disposable[];
  /** Files opened from the tree itself: they show its sources, and must not replace it. */
  readonly #sources = new Set<string>();
  #place: Place | undefined;
  /** The place that the answer is for. */
  #answered: Place | undefined;
  #answer: protocol.Tree | undefined;
  #asking: CancellationTokenSource | undefined;

  constructor(
    private readonly server: Server,
    private readonly controls: TreeControls,
    private readonly problemOf: (document: TextDocument) => ProblemKind | null,
  ) {
    this.#view = window.createTreeView('fxlens.model', {
      treeDataProvider: this,
      showCollapseAll: true,
      manageCheckboxStateManually: true,
      canSelectMany: true,
      dragAndDropController: {
        dragMimeTypes: ['text/plain'],
        dropMimeTypes: [],
        handleDrag: (items, transfer) => {
          const names = items.flatMap(({ path }) => (path ? [path] : []));
          if (names.length > 0) transfer.set('text/plain', new DataTransferItem(names.join('\n')));
        },
      },
    });
    this.#disposables = [
      this.#view,
      this.#changed,
      this.#askSoon,
      window.onDidChangeActiveTextEditor((editor) => this.#follow(editor)),
      window.onDidChangeTextEditorSelection(({ textEditor }) => this.#follow(textEditor)),
      workspace.onDidCloseTextDocument((document) => this.#forget(document)),
      workspace.onDidGrantWorkspaceTrust(() => this.#refreshSoon()),
      this.#view.onDidChangeVisibility(({ visible }) => visible && this.#askSoon.call()),
      this.#view.onDidChangeCheckboxState(({ items }) => this.#toggleInTurn(items)),
      controls.onDidChange(() => this.#askSoon.call()),
      server.onDidChange(() => this.#refreshSoon()),
      server.onModelChanged((uri) => uri === this.#uri && this.#askSoon.call()),
    ];
    this.#follow(window.activeTextEditor);
    this.#show();
  }

  /** The row that is selected, if one is. */
  get selected(): TreeItem | undefined {
    return this.#view.selection[0];
  }

  /** The row that the keyboard is at. VS Code tells only what is selected, and arrow keys select nothing. */
  async focused(): Promise<TreeItem | undefined> {
    await commands.executeCommand('list.select');
    return this.selected;
  }

  /** The expression that gives the model shown. */
  get model(): string | undefined {
    return this.#answer?.model ?? undefined;
  }

  /** The paths of the selected rows; of one module alone, those of its children. */
  async pathsFor(item: TreeItem): Promise<string[]> {
    const selected = this.#view.selection.some(({ id }) => id === item.id) ? this.#view.selection : [item];
    const [only] = selected;
    const rows = selected.length === 1 && only?.hasChildren ? await this.#children(only) : selected;
    return rows.flatMap(({ path }) => (path ? [path] : []));
  }

  /** Where a row leads to: looked up for a module, whose own line is known only when somebody goes there. */
  async sourceOf(item: TreeItem): Promise<TreeItem['source']> {
    const client = this.server.client;
    const place = this.#place;
    if (item.kind !== 'module' || !client || !place) return item.source;
    const { path } = item;
    return (
      (await this.server.attempt(() => client.ask(treeSource, { ...this.#parameters(place), path }))) ?? item.source
    );
  }

  /** Add a node to the call's return nodes or take it out, as a click on its box does. */
  async toggle(item: TreeItem): Promise<void> {
    if (!this.#answer?.editable) return;
    const { Checked, Unchecked } = TreeItemCheckboxState;
    await this.#toggleInTurn([[item, this.#answer.queries.includes(item.path) ? Unchecked : Checked]]);
  }

  getTreeItem(item: TreeItem): VSCodeTreeItem {
    const matches = this.#answer?.matches;
    return treeItemOf(item, {
      asked: this.#answer?.editable ? this.#answer.queries.includes(item.path) : undefined,
      expanded: typeof matches === 'number' && matches <= MOST_OPENED,
    });
  }

  getChildren(parent?: TreeItem): ProviderResult<TreeItem[]> {
    const top = this.#top;
    if (parent || !top) return this.#children(parent);
    this.#top = undefined;
    this.#know(top, undefined);
    return top;
  }

  getParent(item: TreeItem): TreeItem | undefined {
    const parent = this.#parents.get(item.id);
    return parent && this.#known(parent);
  }

  /** Ask the server again which model is nearest, and show it. */
  async refresh(): Promise<void> {
    this.#shown = undefined;
    await this.#askAgain();
  }

  async #askAgain(): Promise<void> {
    this.#asking?.cancel();
    const client = this.server.client;
    const place = this.#place;
    if (!client || !place) {
      this.#answer = undefined;
      this.#top = undefined;
      this.#show();
      this.#changed.fire(undefined);
      return;
    }
    const asking = new CancellationTokenSource();
    this.#asking = asking;
    const answer = await this.server.attempt(() => client.ask(tree, this.#parameters(place), asking.token));
    if (asking.token.isCancellationRequested) return;
    if (!answer?.callRange && this.#answered && this.#sources.has(place.document.uri.toString())) {
      // Ticks, filter and what is unfolded are for the model that is shown, not for the source in front.
      this.#place = this.#answered;
      return this.#askAgain();
    }
    this.#answer = answer;
    this.#answered = answer?.root ? place : undefined;
    this.#show();
    const shown: Shown = { parameters: JSON.stringify(this.#rowParameters(place)), tree: answer };
    const changed = changedRows(this.#shown, shown);
    // From the moment it is told until it has the rows VS Code knows none, and what is unfolded then stays empty.
    const top = changed === 'all' ? await this.#children(undefined) : undefined;
    if (asking.token.isCancellationRequested) return;
    this.#top = top;
    this.#redraw(changed);
    this.#shown = shown;
    await this.#reveal(place, answer?.root ? answer.query : null);
  }

  /** Rows that did not change stay: a tick is lost while VS Code asks for its row again. */
  #redraw(changed: 'all' | readonly string[]): void {
    if (changed === 'all') {
      this.#rows.clear();
      this.#changed.fire(undefined);
      return;
    }
    const rows = changed.flatMap((id) => this.#rows.get(id) ?? []);
    if (rows.length > 0) this.#changed.fire(rows);
  }

  #known(item: TreeItem): TreeItem {
    return this.#rows.get(item.id) ?? item;
  }

  /** Select the node of the query under the cursor. */
  async #reveal(place: Place, query: string | null): Promise<void> {
    const wanted = workspace.getConfiguration('fxlens', place.document).get('tree.revealOnCursorMove', true);
    const client = this.server.client;
    if (!query || !wanted || !client || !this.#view.visible) return;
    if (this.selected?.path !== query) await this.#select(place, query, false);
  }

  async #select(place: Place, path: string, focus: boolean): Promise<void> {
    const way = await this.#wayTo(place, path);
    const target = way.at(-1);
    if (!target || place !== this.#place) return;
    way.forEach((item, at) => {
      this.#parents.set(item.id, way[at - 1]);
    });
    await this.server.attempt(async () =>
      this.#view.reveal(this.#known(target), { select: true, focus, expand: false }),
    );
  }

  /** The rows down to `path`; of a path that is not shown, down to the nearest above it: a slip is mostly at the end. */
  async #wayTo(place: Place, path: string): Promise<readonly TreeItem[]> {
    const client = this.server.client;
    if (!client) return [];
    for (let tried = path; tried; tried = tried.slice(0, Math.max(tried.lastIndexOf('.'), 0))) {
      const way = await this.server.attempt(() => client.ask(treePath, { ...this.#parameters(place), path: tried }));
      if (way === undefined || way.length > 0) return way ?? [];
    }
    return [];
  }

  /** Add or remove queries as their boxes were ticked, each as one step to undo. */
  async #toggle(items: Ticked): Promise<void> {
    const client = this.server.client;
    const place = this.#place;
    for (const [{ id, path }, state] of items) {
      if (!client || !place || !path) continue;
      const asked = state === TreeItemCheckboxState.Checked;
      const answer = await this.server.attempt(() =>
        client.ask(toggleQuery, { ...this.#parameters(place), path, asked }),
      );
      const problem = answer ? (answer.problem ?? (await applyEdits(place.document, answer))) : null;
      // The user asked for it by ticking, so it may be said in front.
      if (problem) void window.showWarningMessage(`FX Lens: ${problem}`);
      // The box shows the tick already, and must not where nothing was written.
      if (!answer || problem) this.#redraw([id]);
    }
  }

  /** Let the user choose among the models of all calls of the file. */
  async chooseModel(): Promise<void> {
    const client = this.server.client;
    const place = this.#place;
    if (!client || !place) return;
    const textDocument = { uri: place.document.uri.toString() };
    const models = await this.server.attempt(() => client.ask(treeModels, { textDocument }));
    const rows = (models ?? []).map((one) => ({
      label: one.label,
      description: l10n.t('{0}, line {1}', one.description, one.line + 1),
      one,
    }));
    const chosen = await window.showQuickPick(rows, {
      title: l10n.t('FX Lens: Choose Model'),
      placeHolder:
        rows.length > 0 ? l10n.t('The model to show in the tree') : l10n.t('This file has no model that could be read'),
      matchOnDescription: true,
    });
    if (!chosen) return;
    const { position, model } = chosen.one;
    this.show(place.document, new Position(position.line, position.character), model);
    await commands.executeCommand('fxlens.model.focus');
  }

  /** Show the model of the call at a position, whatever is in front. */
  show(document: TextDocument, position: Position, model?: number): void {
    this.#place = model === undefined ? { document, position } : { document, position, model };
    this.#askSoon.call();
  }

  /** Show the model of a call, and select the row of a path in it. */
  async revealPath(document: TextDocument, position: Position, path: string, model?: number): Promise<void> {
    this.#place = model === undefined ? { document, position } : { document, position, model };
    await commands.executeCommand('fxlens.model.focus');
    await this.#askAgain();
    await this.#select(this.#place, path, true);
  }

  /** What the rows are of: the document, and the position nearest the call. */
  get place(): Place | undefined {
    return this.#answered;
  }

  /** Whether a file was opened to show where a node comes from. */
  isSource(uri: string): boolean {
    return this.#sources.has(uri);
  }

  /** Remember that a file was opened to show where a node comes from. */
  expectSource(uri: string): void {
    this.#sources.add(uri);
  }

  dispose(): void {
    this.#asking?.cancel();
    for (const disposable of this.#disposables) disposable.dispose();
  }

  get #uri(): string | undefined {
    return this.#place?.document.uri.toString();
  }

  /** Another kind of file in front (a log, a notebook's output) leaves the tree as it is. */
  #follow(editor: TextEditor | undefined): void {
    if (!editor || !isPython(editor.document)) return;
    const position = editor.selection.active;
    if (this.#uri === editor.document.uri.toString() && this.#place?.position.isEqual(position)) return;
    this.#place = { document: editor.document, position };
    this.#askSoon.call();
  }

  #forget(document: TextDocument): void {
    if (document.uri.toString() !== this.#uri) return;
    this.#place = undefined;
    this.#answered = undefined;
    this.#follow(window.activeTextEditor);
    this.#refreshSoon();
  }

  #refreshSoon(): void {
    this.#shown = undefined;
    this.#askSoon.call();
  }

  #parameters(place: Place) {
    const { line, character } = place.position;
    return { ...this.#rowParameters(place), position: { line, character } };
  }

  /** What the rows depend on beside the call. */
  #rowParameters({ document, model }: Place) {
    const asked = { ...this.controls.asked, ...(model === undefined ? {} : { model }) };
    return { textDocument: { uri: document.uri.toString() }, ...asked };
  }

  async #children(parent: TreeItem | undefined): Promise<TreeItem[]> {
    const client = this.server.client;
    const place = this.#place;
    if (!client || !place || !this.#answer?.root) return [];
    const id = parent?.id ?? this.#answer.root.id;
    const children = await this.server.attempt(() => client.ask(treeChildren, { ...this.#parameters(place), id }));
    this.#know(children ?? [], parent);
    return [...(children ?? [])];
  }

  #know(children: readonly TreeItem[], parent: TreeItem | undefined): void {
    for (const child of children) {
      this.#parents.set(child.id, parent);
      this.#rows.set(child.id, child);
    }
  }

  #show(): void {
    const answer = this.#answer;
    const document = this.#place?.document;
    const state = viewState({
      hasFile: document !== undefined,
      trusted: workspace.isTrusted,
      server: this.server.state,
      problem: document ? this.problemOf(document) : null,
      tree: answer,
    });
    // VS Code joins the title with the container's, and shows no description while the container has one view.
    const { mode } = this.controls.asked;
    const name = answer?.className?.split('.').at(-1) ?? l10n.t('Model');
    this.#view.title = mode === 'both' ? name : l10n.t('{0} ({1} mode)', name, mode);
    this.#view.description = answer?.model ?? '';
    // An empty string, as with undefined, lets the welcome text appear.
    this.#view.message = viewMessage(state, answer) ?? '';
    this.controls.say(this.#view.message);
    void commands.executeCommand('setContext', 'fxlens.state', state);
    void commands.executeCommand('setContext', 'fxlens.hasTree', state === 'tree');
    if (state === 'tree') reach('fxlens.traced');
    // A view that stands open from the start is not opened.
    if (state === 'tree' && this.#view.visible) reach('fxlens.treeSeen');
    void commands.executeCommand('setContext', 'fxlens.editable', state === 'tree' && answer?.editable === true);
  }
}
