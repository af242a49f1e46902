// The page of the graph view: in a panel under a strict policy, and in a file that holds everything.
import { randomBytes } from 'node:crypto';
import { Uri, type Webview, workspace } from 'vscode';
import type { Graph } from './wire';

export function panelPage(webview: Webview, out: Uri): string {
  const nonce = randomBytes(16).toString('base64');
  const address = (name: string): string => webview.asWebviewUri(Uri.joinPath(out, name)).toString();
  // Pictures are made from `data:`; nothing else comes from anywhere but the extension.
  const policy = `default-src 'none'; script-src 'nonce-${nonce}'; style-src ${webview.cspSource}; img-src data:`;
  return `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<link rel="stylesheet" href="${address('picture-style.css')}">
<title>Model graph</title>
</head>
<body data-vscode-context='{"preventDefaultContextMenuItems": true}'>
<script nonce="${nonce}" src="${address('picture.js')}"></script>
</body>
</html>`;
}

/** The page with all levels of `graphs`, the first of which is shown: it needs neither us nor a network. */
export async function filePage(out: Uri, graphs: readonly Graph[]): Promise<string> {
  const read = async (name: string): Promise<string> =>
    new TextDecoder().decode(await workspace.fs.readFile(Uri.joinPath(out, name)));
  const [colours, style, script] = await Promise.all(['picture-file.css', 'picture-style.css', 'picture.js'].map(read));
  // In JSON `<` may be written otherwise; in the script a closing tag could only stand in a string, and none does.
  const data = JSON.stringify(graphs).replaceAll('<', '\\u003c');
  return `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>${graphs[0]?.className.split('.').at(-1) ?? 'Model graph'}</title>
<style>
${colours}${style}</style>
</head>
<body>
<script type="application/json" id="fxlens-graphs">${data}</script>
<script>
${script}</script>
</body>
</html>
`;
}

/** What the page is given where there is no model: why. */
export function emptyGraph(message: string): Graph {
  return {
    state: 'none',
    message,
    model: null,
    className: '',
    dialect: null,
    revision: null,
    modes: [],
    mode: 'eval',
    differ: false,
    editable: false,
    position: null,
    query: null,
    queries: [],
    nodes: 0,
    parameters: 0,
    strip: '',
    opened: [],
    levels: {},
  };
}
