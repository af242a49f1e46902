// Which call is meant: the one nearest a position in a document.
import { Position, type TextDocument, Uri, window, workspace } from 'vscode';
import { isPython } from './documents';
import type { Place } from './tree';

export async function placeOf(uri: string, at: { line: number; character: number }): Promise<Place> {
  const document: TextDocument = await workspace.openTextDocument(Uri.parse(uri));
  return { document, position: new Position(at.line, at.character) };
}

export function currentPlace(): Place | undefined {
  const editor = window.activeTextEditor ?? window.visibleTextEditors.find(({ document }) => isPython(document));
  return editor && isPython(editor.document)
    ? { document: editor.document, position: editor.selection.active }
    : undefined;
}
