// Edits that the server has made for one version of a document.
import { Range, type TextDocument, WorkspaceEdit, workspace } from 'vscode';
import type { Toggled } from './protocol';

/** Make edits that are for one version of a document; the message if it has moved on. */
export async function applyEdits(document: TextDocument, { edits, version }: Toggled): Promise<string | null> {
  if (document.version !== version) return 'The file changed in the meantime; tick again.';
  const change = new WorkspaceEdit();
  for (const { range, newText } of edits) {
    const { start, end } = range;
    change.replace(document.uri, new Range(start.line, start.character, end.line, end.character), newText);
  }
  return (await workspace.applyEdit(change)) ? null : 'The text could not be changed.';
}
