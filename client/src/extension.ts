// FX Lens in VS Code: puts the parts together. What can be decided without VS Code is decided in the server.
import { type ExtensionContext, type TextDocument, workspace } from 'vscode';
import { registerCommands } from './commands';
import { folderPaths, type Gathered, gather } from './configuration';
import { DebugDocument } from './debugDocument';
import { prober } from './environment/probe';
import { vscodeProviders } from './environment/providers';
import type { ProblemKind } from './environment/resolve';
import { GraphPanels } from './graphPanels';
import { Logs } from './logs';
import type { Configuration } from './protocol';
import { Server } from './server';
import { StatusItem } from './status';
import { messageOf, serialised, whenDifferent } from './time';
import { ModelTree } from './tree';
import { TreeControls } from './treeControls';

const UNKNOWN = { interpreter: null, reason: '', problem: null };
/** What is true before anything was looked at. */
const NOTHING: Configuration = {
  trusted: false,
  folders: [],
  default: UNKNOWN,
  settings: {
    checkScope: 'open files',
    limits: {},
    extraPaths: [],
    input: '',
    idleMinutes: 10,
    maxWorkers: 3,
    cacheFolder: '',
    severity: {},
    inlayShapes: true,
    inlayCode: false,
    codeLens: true,
  },
};

let server: Server | undefined;

export function activate(context: ExtensionContext): void {
  const logs = new Logs();
  const log = logs.client;
  const extensionVersion: string = context.extension.packageJSON.version;
  const probe = prober(context.extensionPath);
  const providers = vscodeProviders();
  const started = new Server(context.extensionPath, extensionVersion, logs, probe, NOTHING);
  server = started;

  let gathered: Gathered | undefined;
  const configure = whenDifferent((configuration: Configuration) => started.configure(configuration));
  const reconfigure = serialised(async () => {
    gathered = await gather(providers.list, probe, log);
    await configure(gathered.configuration);
  });
  const changed = (): void => {
    reconfigure().catch((error: unknown) => log.error(`The configuration was not sent: ${messageOf(error)}`));
  };
  const problemOf = (document: TextDocument): ProblemKind | null => {
    // The server takes what was never saved to belong to the first folder.
    const [first] = document.isUntitled ? folderPaths() : [];
    const folder = first ?? workspace.getWorkspaceFolder(document.uri)?.uri.fsPath;
    return gathered?.resolutions.get(folder)?.problemKind ?? null;
  };

  const controls = new TreeControls(context.workspaceState);
  const tree = new ModelTree(started, controls, problemOf);
  const debug = new DebugDocument();
  const graphs = new GraphPanels(started, tree, context.extensionUri);
  context.subscriptions.push(
    logs,
    graphs,
    debug,
    providers,
    started,
    tree,
    controls,
    new StatusItem(started),
    ...registerCommands({
      logs,
      server: started,
      tree,
      controls,
      graphs,
      debug,
      probe,
      extensionVersion,
      extensionUri: context.extensionUri,
      reconfigure,
      gathered: () => gathered,
    }),
    providers.onDidChange(changed),
    workspace.onDidChangeWorkspaceFolders(changed),
    workspace.onDidGrantWorkspaceTrust(changed),
    workspace.onDidChangeConfiguration((event) => {
      if (event.affectsConfiguration('fxlens') || event.affectsConfiguration('python')) changed();
    }),
  );

  // After activation, which VS Code waits for.
  setImmediate(() => {
    reconfigure()
      .then(() => started.restart())
      .catch((error: unknown) => log.error(`FX Lens did not start: ${messageOf(error)}`));
  });
}

export async function deactivate(): Promise<void> {
  await server?.end();
}
