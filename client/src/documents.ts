// Which documents are ours: Python files, saved or not yet, and the Python cells of notebooks (each a document of its
// own to VS Code).
import type { TextDocument } from 'vscode';

const SCHEMES = ['file', 'untitled', 'vscode-notebook-cell'];

export const PYTHON = SCHEMES.map((scheme) => ({ scheme, language: 'python' }));

export function isPython({ languageId, uri }: TextDocument): boolean {
  return languageId === 'python' && SCHEMES.includes(uri.scheme);
}
