// What the server must know of us, gathered from VS Code: trust, folders, their interpreters, settings.
import { resolve } from 'node:path';
import { type LogOutputChannel, Uri, workspace } from 'vscode';
import { substitute } from './environment/paths';
import type { Prober } from './environment/probe';
import { pythonDefault } from './environment/providers';
import { type EnvironmentProvider, type Resolution, resolveInterpreter } from './environment/resolve';
import type { Configuration, ServerSettings, Severity } from './protocol';

const LIMITS = ['importSeconds', 'buildSeconds', 'traceSeconds', 'shapesSeconds', 'memoryMb', 'documentKb'] as const;

/** A configuration, and for each of its folders (`undefined`: files outside them) how its interpreter was found. */
export interface Gathered {
  readonly configuration: Configuration;
  readonly resolutions: ReadonlyMap<string | undefined, Resolution>;
}

const UNTRUSTED: Resolution = {
  interpreter: null,
  reason: 'Restricted Mode',
  problem: 'The workspace is not trusted: none of its code is run.',
  problemKind: null,
  isSet: false,
  passed: [],
};

export async function gather(
  providers: readonly EnvironmentProvider[],
  probe: Prober,
  log: LogOutputChannel,
): Promise<Gathered> {
  const paths = folderPaths();
  const scopes = paths.length > 0 ? [...paths, undefined] : [undefined];
  const entries = await Promise.all(
    scopes.map(async (folder) => [folder, await resolveIn(folder, providers, probe)] as const),
  );
  const resolutions = new Map(entries);
  for (const [folder, resolution] of entries) report(log, folder, resolution);
  const wire = (folder: string | undefined) => {
    const { interpreter, reason, problem } = resolutions.get(folder) ?? UNTRUSTED;
    return { interpreter, reason, problem };
  };
  const folders = paths.map((path) => ({
    path,
    ...wire(path),
    isSet: resolutions.get(path)?.isSet ?? false,
    extraPaths: extraPaths(path),
    input: inputOf(path),
  }));
  const configuration = { trusted: workspace.isTrusted, folders, default: wire(undefined), settings: settings() };
  return { configuration, resolutions };
}

/** The folders of the workspace that lie on a disk. */
export function folderPaths(): string[] {
  const folders = workspace.workspaceFolders ?? [];
  return folders.filter(({ uri }) => uri.scheme === 'file').map(({ uri }) => uri.fsPath);
}

async function resolveIn(
  folder: string | undefined,
  providers: readonly EnvironmentProvider[],
  probe: Prober,
): Promise<Resolution> {
  if (!workspace.isTrusted) return UNTRUSTED;
  const scope = folder === undefined ? undefined : Uri.file(folder);
  const setting = workspace.getConfiguration('fxlens', scope).get('interpreter', '');
  return resolveInterpreter(
    folder,
    { setting, providers, pythonDefault: pythonDefault(folder), env: process.env },
    probe,
  );
}

function settings(): ServerSettings {
  const read = workspace.getConfiguration('fxlens');
  const limits: Record<string, number> = {};
  for (const name of LIMITS) {
    const value = read.get<number>(`limits.${name}`);
    if (typeof value === 'number') limits[name] = value;
  }
  return {
    checkScope: read.get<ServerSettings['checkScope']>('check.scope', 'open files'),
    limits,
    extraPaths: extraPaths(undefined),
    input: inputOf(undefined),
    idleMinutes: read.get('worker.idleMinutes', 10),
    maxWorkers: read.get('worker.maxWorkers', 3),
    cacheFolder: read.get('cache.folder', ''),
    severity: read.get<Record<string, Severity>>('severity', {}),
    inlayShapes: read.get('inlayHints.shapes', true),
    inlayCode: read.get('inlayHints.code', false),
    codeLens: read.get('codeLens', true),
  };
}

/** The input that shapes are for, as a folder (`undefined`: files outside them) states it. */
function inputOf(folder: string | undefined): string {
  const scope = folder === undefined ? undefined : Uri.file(folder);
  return workspace.getConfiguration('fxlens', scope).get('input', '');
}

/** The extra import paths of a folder (`undefined`: of files outside them), absolute where a folder makes them so. */
function extraPaths(folder: string | undefined): string[] {
  const scope = folder === undefined ? undefined : Uri.file(folder);
  const own = workspace.getConfiguration('fxlens', scope).get<string[]>('extraPaths', []);
  const paths = new Set([...own, ...analysisPaths(scope)].filter((path) => typeof path === 'string'));
  return [...paths].map((path) => {
    const replaced = substitute(path, folder, process.env);
    return folder === undefined ? replaced : resolve(folder, replaced);
  });
}

/** What Pylance is told in `python.analysis.extraPaths`; in Restricted Mode not what the workspace says. */
function analysisPaths(scope: Uri | undefined): readonly string[] {
  const setting = workspace.getConfiguration('python', scope).inspect<string[]>('analysis.extraPaths');
  const { globalValue, workspaceValue, workspaceFolderValue } = setting ?? {};
  const trusted = workspace.isTrusted ? (workspaceFolderValue ?? workspaceValue) : undefined;
  const paths: unknown = trusted ?? globalValue;
  return Array.isArray(paths) ? paths : [];
}

function report(log: LogOutputChannel, folder: string | undefined, resolution: Resolution): void {
  const where = folder ?? 'files outside a folder';
  for (const line of resolution.passed) log.debug(`Interpreter of ${where}: ${line}`);
  const { interpreter, reason, problem } = resolution;
  if (problem) log.warn(`Interpreter of ${where}: ${problem} (${reason})`);
  else log.info(`Interpreter of ${where}: ${interpreter} (${reason})`);
}
