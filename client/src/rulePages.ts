// A rule's page opens as a preview: the server links its own Markdown file, which a click would open to be edited.
import { type Diagnostic, Uri } from 'vscode';

export const SHOW_RULE = 'fxlens.showRule';

/** The diagnostics with links that open the preview. */
export function withPreviews(diagnostics: readonly Diagnostic[]): Diagnostic[] {
  return diagnostics.map((diagnostic) => {
    const { code } = diagnostic;
    if (typeof code !== 'object' || code.target.scheme !== 'file') return diagnostic;
    const target = Uri.from({ scheme: 'command', path: SHOW_RULE, query: JSON.stringify([code.target.toString()]) });
    diagnostic.code = { value: code.value, target };
    return diagnostic;
  });
}
