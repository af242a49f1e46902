// Opening the line that makes a node.
import { commands, Position, Range, Uri, type ViewColumn, window, workspace } from 'vscode';
import type { SourcePlace } from './wire';

export async function openSource(source: SourcePlace, viewColumn?: ViewColumn): Promise<void> {
  const uri = Uri.parse(source.uri);
  const where = viewColumn === undefined ? {} : { viewColumn };
  if (uri.scheme !== 'file') {
    // A cell: only this opens its notebook, and not the cell as a separate file.
    const start = new Position(source.line, 0);
    await commands.executeCommand('vscode.open', uri, { selection: new Range(start, start), ...where });
    return;
  }
  const document = await workspace.openTextDocument(uri);
  const line = document.lineAt(Math.min(source.line, document.lineCount - 1));
  const start = new Position(line.lineNumber, line.firstNonWhitespaceCharacterIndex);
  await window.showTextDocument(document, { selection: new Range(start, start), preview: true, ...where });
}
