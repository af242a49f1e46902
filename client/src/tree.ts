// The sidebar: the model of the extraction call nearest the cursor, down to its nodes.
import {
  CancellationTokenSource,
  commands,
  type Disposable,
  EventEmitter,
  type Position,
  type ProviderResult,
  type TextDocument,
  type TextEditor,
  type TreeDataProvider,
  type TreeView,
  type TreeItem as VSCodeTreeItem,
  window,
  workspace,
} from 'vscode';
import type { ProblemKind } from './environment/resolve';
import type * as protocol from './protocol';
import { type TreeItem, tree, treeChildren } from './protocol';
import type { Server } from './server';
import { debounced } from './time';
import { treeItemOf } from './treeItem';
import { viewMessage, viewState } from './viewState';

const CURSOR_DELAY = 150;

interface Place {
  readonly document: TextDocument;
  readonly position: Position;
}

export class ModelTree implements TreeDataProvider<TreeItem>, Disposable {
  readonly #changed = new EventEmitter<undefined>();
  readonly onDidChangeTreeData = this.#changed.event;
  readonly #view: TreeView<TreeItem>;
  readonly #parents = new Map<string, TreeItem | undefined>();
  readonly #refreshSoon = debounced(() => void this.refresh(), CURSOR_DELAY);
  readonly #disposables: Disposable[];
  /** Files opened from the tree itself: they show its sources, and must not replace it. */
  readonly #sources = new Set<string>();
  #place: Place | undefined;
  #answer: protocol.Tree | undefined;
  #asking: CancellationTokenSource | undefined;

  constructor(
    private readonly server: Server,
    private readonly problemOf: (document: TextDocument) => ProblemKind | null,
  ) {
    this.#view = window.createTreeView('fxlens.model', { treeDataProvider: this, showCollapseAll: true });
    this.#disposables = [
      this.#view,
      this.#changed,
      this.#refreshSoon,
      window.onDidChangeActiveTextEditor((editor) => this.#follow(editor)),
      window.onDidChangeTextEditorSelection(({ textEditor }) => this.#follow(textEditor)),
      workspace.onDidCloseTextDocument((document) => this.#forget(document)),
      workspace.onDidGrantWorkspaceTrust(() => this.#refreshSoon.call()),
      this.#view.onDidChangeVisibility(({ visible }) => visible && this.#refreshSoon.call()),
      server.onDidChange(() => this.#refreshSoon.call()),
      server.onModelChanged((uri) => uri === this.#uri && this.#refreshSoon.call()),
    ];
    this.#follow(window.activeTextEditor);
    this.#show();
  }

  /** What the view shows is that of this node, if one is selected. */
  get selected(): TreeItem | undefined {
    return this.#view.selection[0];
  }

  getTreeItem(item: TreeItem): VSCodeTreeItem {
    return treeItemOf(item);
  }

  getChildren(parent?: TreeItem): ProviderResult<TreeItem[]> {
    return this.#children(parent);
  }

  getParent(item: TreeItem): TreeItem | undefined {
    return this.#parents.get(item.id);
  }

  /** Ask the server again which model is nearest, and show it. */
  async refresh(): Promise<void> {
    this.#asking?.cancel();
    const client = this.server.client;
    const place = this.#place;
    if (!client || !place) {
      this.#answer = undefined;
      this.#show();
      this.#changed.fire(undefined);
      return;
    }
    const asking = new CancellationTokenSource();
    this.#asking = asking;
    const answer = await this.#ask(() => client.sendRequest(tree, parameters(place), asking.token));
    if (asking.token.isCancellationRequested) return;
    if (!answer?.callRange && this.#answer?.root && this.#sources.has(place.document.uri.toString())) return;
    this.#answer = answer;
    this.#show();
    this.#changed.fire(undefined);
  }

  /** Show the model of the call at a position, whatever is in front. */
  show(document: TextDocument, position: Position): void {
    this.#place = { document, position };
    this.#refreshSoon.call();
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
    if (editor?.document.languageId !== 'python' || editor.document.uri.scheme !== 'file') return;
    const position = editor.selection.active;
    if (this.#uri === editor.document.uri.toString() && this.#place?.position.line === position.line) return;
    this.#place = { document: editor.document, position };
    this.#refreshSoon.call();
  }

  #forget(document: TextDocument): void {
    if (document.uri.toString() !== this.#uri) return;
    this.#place = undefined;
    this.#follow(window.activeTextEditor);
    this.#refreshSoon.call();
  }

  async #children(parent: TreeItem | undefined): Promise<TreeItem[]> {
    const client = this.server.client;
    const place = this.#place;
    if (!client || !place || !this.#answer?.root) return [];
    const id = parent?.id ?? this.#answer.root.id;
    const children = await this.#ask(() => client.sendRequest(treeChildren, { ...parameters(place), id }));
    for (const child of children ?? []) this.#parents.set(child.id, parent);
    return [...(children ?? [])];
  }

  /** The answer, or undefined when the request was cancelled or the server went away meanwhile. */
  async #ask<T>(request: () => Promise<T>): Promise<T | undefined> {
    try {
      return await request();
    } catch (error) {
      if (this.server.client) this.server.logRequestFailure(error);
      return undefined;
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
    this.#view.title = answer?.className?.split('.').at(-1) ?? 'Model';
    this.#view.description = answer?.model ?? '';
    // An empty string, as with undefined, lets the welcome text appear.
    this.#view.message = viewMessage(state, answer) ?? '';
    void commands.executeCommand('setContext', 'fxlens.state', state);
    void commands.executeCommand('setContext', 'fxlens.hasTree', state === 'tree');
  }
}

function parameters({ document, position }: Place) {
  const { line, character } = position;
  return { textDocument: { uri: document.uri.toString() }, position: { line, character } };
}
