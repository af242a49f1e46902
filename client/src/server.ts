// The life of the language server: found, started, restarted, ended. One at a time, and never left behind.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { type Disposable, EventEmitter, workspace } from 'vscode';
import type { LanguageClientOptions } from 'vscode-languageclient/node';
import { folderPaths } from './configuration';
import { PYTHON } from './documents';
import type { Prober } from './environment/probe';
import { findServerPython } from './environment/serverPython';
import type { QuietClient } from './languageClient';
import type { Logs } from './logs';
import { cellsOf } from './notebooks';
import { type Configuration, configure, modelChanged, type Status, statusChanged, workerLog } from './protocol';
import { Renames } from './renames';
import { withPreviews } from './rulePages';
import { messageOf, serialised, withLimit } from './time';
import type { ServerState } from './viewState';
import { reach } from './walkthrough';

const START_LIMIT = 20_000;
const STOP_LIMIT = 2_000;
/** What the server may put behind a code lens. */
const SERVER_COMMANDS = ['fxlens.revealTree', 'fxlens.showGraph', 'fxlens.copyText', 'fxlens.addExtraPath'];

export class Server implements Disposable {
  readonly #changed = new EventEmitter<void>();
  readonly #status = new EventEmitter<Status>();
  readonly #modelChanged = new EventEmitter<string>();
  /** The state, or its reason, is another. */
  readonly onDidChange = this.#changed.event;
  readonly onStatus = this.#status.event;
  readonly onModelChanged = this.#modelChanged.event;

  #state: ServerState = 'starting';
  #reason = '';
  #client: QuietClient | undefined;
  #process: ChildProcess | undefined;
  #configuration: Configuration;
  /** What the running server was last told. */
  #sent: Configuration | undefined;
  #ended = false;
  readonly #files = workspace.createFileSystemWatcher('**/{*.py,*.ipynb,pyproject.toml,setup.cfg,pytest.ini,.env}');
  readonly #renames: Renames;
  readonly #restart = serialised(() => this.#replace());

  constructor(
    private readonly extensionPath: string,
    private readonly version: string,
    private readonly logs: Logs,
    private readonly probe: Prober,
    configuration: Configuration,
  ) {
    this.#configuration = configuration;
    this.#renames = new Renames(logs.client);
  }

  get state(): ServerState {
    return this.#state;
  }

  /** Why it failed, or which Python it runs in. */
  get reason(): string {
    return this.#reason;
  }

  /** The client while the server runs. */
  get client(): QuietClient | undefined {
    return this.#state === 'running' ? this.#client : undefined;
  }

  /** Start the server, or end it and start another. */
  restart(): Promise<void> {
    return this.#restart();
  }

  /** Tell the server what changed; a server that could not start without a Python is started again. */
  async configure(configuration: Configuration): Promise<void> {
    this.#configuration = configuration;
    if (this.client) await this.#send(this.client);
    else if (this.#state === 'noPython') await this.restart();
  }

  /** What a request yields; undefined if it was cancelled, or the server went away meanwhile. */
  async attempt<T>(request: () => Promise<T>): Promise<T | undefined> {
    try {
      return await request();
    } catch (error) {
      if (this.client) this.logs.client.warn(`A request failed: ${messageOf(error)}`);
      return undefined;
    }
  }

  async end(): Promise<void> {
    this.#ended = true;
    await this.#stop();
  }

  dispose(): void {
    for (const one of [this.#changed, this.#status, this.#modelChanged, this.#files]) one.dispose();
  }

  async #replace(): Promise<void> {
    await this.#stop();
    if (this.#ended) return;
    this.#set('starting', '');
    const trusted = this.#configuration.trusted ? this.#interpreters() : [];
    const { python, reason } = await findServerPython(folderPaths(), trusted, process.env, this.probe);
    if (!python) {
      this.logs.client.error(reason);
      this.#set('noPython', reason);
      return;
    }
    this.logs.client.info(`Starting the language server ${this.version} with ${python} (${reason})`);
    try {
      await this.#start(python);
    } catch (error) {
      this.logs.client.error(`The language server could not be started: ${messageOf(error)}`);
      this.#set('failed', messageOf(error));
    }
  }

  async #send(client: QuietClient): Promise<void> {
    if (this.#sent === this.#configuration) return;
    this.#sent = this.#configuration;
    await client.tell(configure, this.#configuration);
  }

  #interpreters(): string[] {
    const { folders, default: outside } = this.#configuration;
    return [...folders, outside].flatMap(({ interpreter }) => (interpreter ? [interpreter] : []));
  }

  async #start(python: string): Promise<void> {
    const { QuietClient, State } = await import('./languageClient');
    const options = await this.#options();
    if (this.#ended) return;
    const client = new QuietClient('fxlens', 'FX Lens', () => this.#spawn(python), options);
    this.#client = client;
    client.onDidChangeState(({ newState }) => {
      // Also its own restarts after a crash, and giving up after several.
      if (client !== this.#client || this.#ended) return;
      if (newState === State.Running) {
        this.#set('running', python);
        void this.#send(client); // What changed while it was starting.
      }
      if (newState === State.Starting) this.#set('starting', '');
      if (newState === State.Stopped || newState === State.StartFailed) {
        this.#set('failed', 'The language server ended unexpectedly; the log says why.');
      }
    });
    client.listen(statusChanged, (status) => this.#status.fire(status));
    client.listen(workerLog, ({ message }) => this.logs.worker.info(message));
    client.listen(modelChanged, ({ uri }) => this.#modelChanged.fire(uri));
    try {
      await withLimit(client.start(), START_LIMIT, 'The language server');
    } catch (error) {
      this.logs.client.error(`The language server did not start: ${messageOf(error)}`);
      this.#process?.kill('SIGKILL');
      if (client === this.#client) this.#set('failed', messageOf(error));
    }
  }

  async #options(): Promise<LanguageClientOptions> {
    const { RevealOutputChannelOn } = await import('./languageClient');
    return {
      documentSelector: PYTHON,
      synchronize: { fileEvents: this.#files },
      outputChannel: this.logs.server,
      traceOutputChannel: this.logs.server,
      diagnosticCollectionName: 'fxlens',
      revealOutputChannelOn: RevealOutputChannelOn.Never,
      // A restart of the client's own after a crash must get what is true then.
      initializationOptions: () => {
        this.#sent = this.#configuration;
        return {
          ...this.#sent,
          workerLog: true,
          closedNotebooks: true,
          insertSnippet: true,
          commands: SERVER_COMMANDS,
        };
      },
      middleware: {
        handleDiagnostics: (uri, diagnostics, next) => next(uri, withPreviews(diagnostics)),
        provideCompletionItem: async (document, position, context, token, next) => {
          const found = await next(document, position, context, token);
          // For the walkthrough, which knows of a command only, and not of lists that open by themselves.
          if (found) reach('fxlens.completed');
          return found;
        },
        provideReferences: async (document, position, options, token, next) =>
          cellsOf(await next(document, position, options, token), this.logs.client),
        prepareRename: (document, position, token, next) =>
          this.#renames.prepare(() => next(document, position, token)),
        provideRenameEdits: (document, position, newName, token) =>
          this.#client && this.#renames.edits(this.#client, document, position, newName, token),
      },
      initializationFailedHandler: (error) => {
        this.logs.client.error(messageOf(error));
        return false;
      },
    };
  }

  /** Isolated (`-I -S`), so that the user's environment cannot break it, and in our folder, so that theirs is not a path. */
  async #spawn(python: string): Promise<ChildProcess> {
    const script = join(this.extensionPath, 'server', 'bootstrap.py');
    const child = spawn(python, ['-I', '-S', script], { cwd: this.extensionPath, windowsHide: true });
    this.#process = child;
    child.on('exit', (code, signal) => {
      if (this.#process === child) this.#process = undefined;
      this.logs.client.info(`The language server ended (${signal ?? `code ${code}`})`);
    });
    return child;
  }

  /** End the server whatever state it is in; `LanguageClient.stop` alone rejects while starting, and after 2 s. */
  async #stop(): Promise<void> {
    const client = this.#client;
    const child = this.#process;
    this.#client = undefined;
    if (!client) return;
    const { State } = await import('./languageClient');
    try {
      if (client.state === State.Starting) await withLimit(client.start(), STOP_LIMIT, 'The starting language server');
      if (client.state === State.Running) await client.dispose(STOP_LIMIT);
      if (child?.exitCode === null) await withLimit(once(child, 'exit'), STOP_LIMIT, 'The ending language server');
    } catch (error) {
      this.logs.client.warn(`The language server was ended by force: ${messageOf(error)}`);
      child?.kill('SIGKILL');
    }
  }

  #set(state: ServerState, reason: string): void {
    this.#state = state;
    this.#reason = reason;
    this.#changed.fire();
  }
}
