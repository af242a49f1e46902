// The commands of the palette and of the tree, all under one category.
import {
  ConfigurationTarget,
  commands,
  type Disposable,
  env,
  l10n,
  Position,
  SnippetString,
  Uri,
  version,
  window,
  workspace,
} from 'vscode';
import type { Gathered } from './configuration';
import { asDict, asHook } from './copying';
import type { DebugDocument } from './debugDocument';
import type { Prober } from './environment/probe';
import type { GraphPanels } from './graphPanels';
import { selectInterpreter } from './interpreterPicker';
import type { Logs } from './logs';
import { debugInformation, restartWorkers, type TreeItem } from './protocol';
import type { Server } from './server';
import { openSource } from './sources';
import { messageOf, withLimit } from './time';
import type { ModelTree } from './tree';
import type { TreeControls } from './treeControls';
import { openWalkthrough } from './walkthrough';
import { runWorkspaceCheck } from './workspaceCheck';

const DEBUG_LIMIT = 5_000;
const NOTICE = 3_000;

export interface Parts {
  readonly logs: Logs;
  readonly server: Server;
  readonly tree: ModelTree;
  readonly graphs: GraphPanels;
  readonly controls: TreeControls;
  readonly debug: DebugDocument;
  readonly probe: Prober;
  readonly extensionVersion: string;
  readonly extensionUri: Uri;
  /** Look at folders, settings and interpreters again, and tell the server. */
  readonly reconfigure: () => Promise<void>;
  readonly gathered: () => Gathered | undefined;
}

/** What a command on a row is given: the row by a menu, this word by a key, nothing by the palette. */
type Row = TreeItem | 'focused';

export function registerCommands(parts: Parts): Disposable[] {
  const { logs, server, tree, controls, graphs } = parts;
  const register = (name: string, action: (row?: Row) => unknown): Disposable =>
    commands.registerCommand(`fxlens.${name}`, action);
  return [
    register('restart', async () => {
      await parts.reconfigure();
      await server.restart();
    }),
    register('checkWorkspace', () => runWorkspaceCheck(server)),
    register('restartWorkers', () => restartTheWorkers(server)),
    register('showLog', () => logs.client.show()),
    register('showServerLog', () => logs.server.show()),
    register('showWorkerLog', () => logs.worker.show()),
    register('refreshTree', async () => {
      await parts.reconfigure();
      await tree.refresh();
    }),
    commands.registerCommand('fxlens.revealTree', (uri?: string, position?: { line: number; character: number }) =>
      revealTree(tree, uri, position),
    ),
    commands.registerCommand('fxlens.showGraph', (uri?: unknown, position?: { line: number; character: number }) =>
      graphs.open(typeof uri === 'string' ? uri : undefined, position),
    ),
    register('revealInGraph', (row) => withRow(tree, row, (item) => graphs.reveal(item.path, tree.place))),
    register('saveGraph', () => graphs.save()),
    register('graph.toggleNode', () => graphs.act('toggle')),
    register('graph.copyNodeName', () => graphs.act('copyName')),
    register('graph.copyModule', () => graphs.act('copyChain')),
    register('graph.goToSource', () => graphs.act('source')),
    register('graph.revealInTree', () => graphs.act('tree')),
    register('chooseModel', () => tree.chooseModel()),
    register('filterTree', () => controls.askFilter()),
    register('clearFilter', () => controls.setFilter('')),
    register('showBothModes', () => controls.showMode('both')),
    register('showTrainMode', () => controls.showMode('train')),
    register('showEvalMode', () => controls.showMode('eval')),
    register('showPlumbing', () => controls.showPlumbing(true)),
    register('hidePlumbing', () => controls.showPlumbing(false)),
    register('openWalkthrough', () => openWalkthrough()),
    register('openExample', () => openExample(parts.extensionUri)),
    register('copyNodeName', (row) => withRow(tree, row, copyNodeName)),
    register('copyAsDict', (row) => withRow(tree, row, (item) => copyAsDict(item, tree))),
    register('copyAsHook', (row) => withRow(tree, row, (item) => copyAsHook(item, tree))),
    register('goToSource', (row) => withRow(tree, row, (item) => goToSource(item, tree))),
    register('toggleNode', (row) => withRow(tree, row, (item) => toggleNode(item, tree))),
    register('printDebugInformation', () => printDebugInformation(parts)),
    register('selectInterpreter', () => selectInterpreter(parts.probe)),
    commands.registerCommand('fxlens.showRule', (page: string) =>
      commands.executeCommand('markdown.showPreview', Uri.parse(page)),
    ),
    commands.registerCommand('fxlens.copyText', copy),
    commands.registerCommand('fxlens.insertSnippet', insertSnippet),
    commands.registerCommand('fxlens.addExtraPath', addExtraPath),
  ];
}

/** The tree of the call at a position, as its code lens says; of the nearest call when it comes from the palette. */
async function revealTree(tree: ModelTree, uri?: string, at?: { line: number; character: number }): Promise<void> {
  if (uri && at) tree.show(await workspace.openTextDocument(Uri.parse(uri)), new Position(at.line, at.character));
  await commands.executeCommand('fxlens.model.focus');
}

async function withRow(
  tree: ModelTree,
  row: Row | undefined,
  action: (item: TreeItem) => Promise<unknown>,
): Promise<void> {
  const item = row === 'focused' ? await tree.focused() : (row ?? tree.selected);
  // Somebody asked for it, so it may be said in front.
  if (item) await action(item);
  else void window.showInformationMessage(l10n.t('FX Lens: Select a row of the model tree first.'));
}

async function toggleNode(item: TreeItem, tree: ModelTree): Promise<void> {
  if (item.path) await tree.toggle(item);
  else await commands.executeCommand('list.toggleExpand'); // A group of rows: what the key does elsewhere.
}

async function copyNodeName(item: TreeItem): Promise<void> {
  if (!item.path) return;
  await env.clipboard.writeText(item.path);
  window.setStatusBarMessage(`$(check) ${l10n.t('Copied {0}', item.path)}`, NOTICE);
}

/** The selected rows, or the children of the one module that is selected, as return nodes. */
async function copyAsDict(item: TreeItem, tree: ModelTree): Promise<void> {
  const paths = await tree.pathsFor(item);
  if (paths.length > 0) await copy(asDict(paths), l10n.t('{0} return nodes', paths.length));
}

async function copyAsHook(item: TreeItem, tree: ModelTree): Promise<void> {
  if (item.path) await copy(asHook(tree.model ?? 'model', item.path), l10n.t('a hook on {0}', item.path));
}

async function copy(text: string, what: string): Promise<void> {
  await env.clipboard.writeText(text);
  window.setStatusBarMessage(`$(check) ${l10n.t('Copied {0}', what)}`, NOTICE);
}

/** Write what a quick fix proposes, with the caret where something is to be filled in. */
async function insertSnippet(uri: string, at: { line: number; character: number }, text: string): Promise<void> {
  const document = await workspace.openTextDocument(Uri.parse(uri));
  const editor = await window.showTextDocument(document);
  await editor.insertSnippet(new SnippetString(text), new Position(at.line, at.character));
}

/** Add a folder, as its workspace folder names it, to the paths that this one's files import from. */
async function addExtraPath(uri: string, path: string): Promise<void> {
  const several = (workspace.workspaceFolders?.length ?? 0) > 1;
  const setting = workspace.getConfiguration('fxlens', Uri.parse(uri));
  const now = setting.inspect<string[]>('extraPaths');
  const own = (several && now?.workspaceFolderValue) || now?.workspaceValue || now?.globalValue || [];
  if (own.includes(path)) return;
  const target = several ? ConfigurationTarget.WorkspaceFolder : ConfigurationTarget.Workspace;
  await setting.update('extraPaths', [...own, path], target);
}

async function restartTheWorkers(server: Server): Promise<void> {
  const client = server.client;
  if (client) await server.attempt(() => client.ask(restartWorkers, {}));
}

async function goToSource(item: TreeItem, tree: ModelTree): Promise<void> {
  const source = await tree.sourceOf(item);
  if (!source) {
    window.setStatusBarMessage(`$(info) ${l10n.t('No source line is known for {0}', item.label)}`, NOTICE);
    return;
  }
  tree.expectSource(Uri.parse(source.uri).toString());
  await openSource(source);
}

/** The example of the walkthrough, whose page VS Code leaves out where there is little room, as a file to try things in. */
async function openExample(extension: Uri): Promise<void> {
  const page = Uri.joinPath(extension, 'client', 'media', 'walkthrough', 'open.md');
  const text = new TextDecoder().decode(await workspace.fs.readFile(page));
  const [, content = ''] = /```python\r?\n([\s\S]*?)```/.exec(text) ?? [];
  await window.showTextDocument(await workspace.openTextDocument({ language: 'python', content }));
}

/** A document to paste into a report: versions, interpreters and why, and what the server knows. */
async function printDebugInformation({ server, extensionVersion, gathered, debug }: Parts): Promise<void> {
  const lines = [
    '# FX Lens: debug information',
    '',
    `- extension ${extensionVersion}, VS Code ${version}, ${process.platform} ${process.arch}, Node ${process.versions.node}`,
    `- ${workspace.isTrusted ? 'trusted' : 'Restricted Mode'}, remote: ${env.remoteName ?? 'no'}`,
    `- language server: ${server.state}${server.reason ? ` (${server.reason})` : ''}`,
  ];
  for (const [folder, { interpreter, reason, problem, passed }] of gathered()?.resolutions ?? []) {
    lines.push(`- interpreter of ${folder ?? 'files outside folders'}: ${interpreter ?? 'none'} (${reason})`);
    for (const line of [problem, ...passed]) if (line) lines.push(`  - ${line}`);
  }
  lines.push('', '## Language server', '', await serverInformation(server));
  await debug.show(`${lines.join('\n')}\n`);
}

async function serverInformation(server: Server): Promise<string> {
  const client = server.client;
  if (!client) return 'It is not running.';
  try {
    return await withLimit(client.ask(debugInformation, {}), DEBUG_LIMIT, 'The language server');
  } catch (error) {
    return messageOf(error);
  }
}
