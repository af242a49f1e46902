// Rename. VS Code applies the edits of one provider: ours, which takes those of the others for a class's attribute and
// adds the queries that hold it.
import {
  type CancellationToken,
  commands,
  type LogOutputChannel,
  Position,
  type TextDocument,
  Uri,
  type WorkspaceEdit,
  workspace,
} from 'vscode';
import type { Location, WorkspaceEdit as ProtocolEdit } from 'vscode-languageclient/node';
import { CELL } from './notebooks';
import { type Request, renameQueries, renameTarget } from './protocol';
import { messageOf } from './time';

/** What is needed of the language client. */
export interface Client {
  ask<P, R>(request: Request<P, R>, parameters: P, token?: CancellationToken): Promise<R>;
  readonly protocol2CodeConverter: { asWorkspaceEdit(edit: ProtocolEdit): Promise<WorkspaceEdit> };
}

const plainRename: Request<unknown, ProtocolEdit | null> = { method: 'textDocument/rename' };

export class Renames {
  /** Whether the other providers are being asked: VS Code then asks us again, and we must not answer. */
  #asksOthers = false;

  constructor(private readonly log: LogOutputChannel) {}

  /** What may be renamed, as `next` says; nothing while the others are asked. */
  prepare<T>(next: () => T): T | undefined {
    return this.#asksOthers ? undefined : next();
  }

  async edits(
    client: Client,
    document: TextDocument,
    position: Position,
    newName: string,
    token: CancellationToken,
  ): Promise<WorkspaceEdit | undefined> {
    if (this.#asksOthers) return undefined;
    const { line, character } = position;
    const at = { textDocument: { uri: document.uri.toString() }, position: { line, character } };
    const target = await client.ask(renameTarget, at, token);
    const others = target ? await this.#ofOthers(target, newName) : undefined;
    const found = await client.ask(others ? renameQueries : plainRename, { ...at, newName }, token);
    if (!found) return others;
    const edit = await client.protocol2CodeConverter.asWorkspaceEdit(await this.#inCells(found));
    for (const [uri, edits] of others?.entries() ?? []) {
      for (const { range, newText } of edits) edit.replace(uri, range, newText);
    }
    return edit;
  }

  /** What other extensions change where the attribute is set; nothing where they do not rename it. */
  async #ofOthers({ uri, range }: Location, newName: string): Promise<WorkspaceEdit | undefined> {
    const { line, character } = range.start;
    this.#asksOthers = true;
    try {
      const document = await workspace.openTextDocument(Uri.parse(uri));
      const edit = await commands.executeCommand<WorkspaceEdit | undefined>(
        'vscode.executeDocumentRenameProvider',
        document.uri,
        new Position(line, character),
        newName,
      );
      return edit?.size ? edit : undefined;
    } catch (error) {
      this.log.debug(`No other extension renames this: ${messageOf(error)}`);
      return undefined;
    } finally {
      this.#asksOthers = false;
    }
  }

  /** Edits of cells of notebooks that are not open, which the server knows by their number, at their own addresses. */
  async #inCells(edit: ProtocolEdit): Promise<ProtocolEdit> {
    if (!edit.documentChanges) return edit;
    const changes = edit.documentChanges.map(async (change) => {
      if (!('textDocument' in change)) return [change];
      const uri = await this.#cell(change.textDocument.uri);
      return uri ? [{ ...change, textDocument: { ...change.textDocument, uri } }] : [];
    });
    return { ...edit, documentChanges: (await Promise.all(changes)).flat() };
  }

  async #cell(address: string): Promise<string | undefined> {
    const uri = Uri.parse(address);
    const [, number] = CELL.exec(uri.fragment) ?? [];
    if (number === undefined) return address;
    try {
      const notebook = await workspace.openNotebookDocument(uri.with({ fragment: '' }));
      return notebook.getCells()[Number(number)]?.document.uri.toString();
    } catch (error) {
      this.log.warn(`A cell is not renamed: ${messageOf(error)}`);
      return undefined;
    }
  }
}
