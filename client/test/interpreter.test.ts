// Which interpreter reads a folder's models: every source, in order, with others that misbehave.
import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { isInside, substitute } from '../src/environment/paths';
import type { ProbeResult, Prober } from '../src/environment/probe';
import { type EnvironmentProvider, resolveInterpreter, type Sources } from '../src/environment/resolve';
import { findServerPython } from '../src/environment/serverPython';

let root: string;
let folder: string;
let chosen: string;
let onPathFolder: string;

const NONE: Sources = { setting: '', providers: [], pythonDefault: undefined, env: {} };
const GOOD = { version: [3, 12, 1], torch: '2.13.0' } as const;

/** Says that every interpreter is fine, but for those named. */
function probing(answers: Record<string, object> = {}): Prober {
  return async (interpreter) => ({ executable: interpreter, ...GOOD, ...answers[interpreter] }) as ProbeResult;
}

function provider(name: string, environment: EnvironmentProvider['environment']): EnvironmentProvider {
  return { name, environment };
}

function python(path: string): string {
  const file = join(root, path);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, '#!/bin/sh\n');
  chmodSync(file, 0o755);
  return file;
}

before(() => {
  root = realpathSync(mkdtempSync(join(tmpdir(), 'fxlens-interpreter-')));
  folder = join(root, 'work space');
  mkdirSync(folder);
  chosen = python('chosen/bin/python3');
  onPathFolder = dirname(python('usr/bin/python3'));
});
after(() => rmSync(root, { recursive: true }));

describe('the interpreter of a folder', () => {
  test('nothing anywhere: says so', async () => {
    const found = await resolveInterpreter(folder, NONE, probing());
    assert.equal(found.interpreter, null);
    assert.equal(found.problemKind, 'noInterpreter');
    assert.match(found.problem ?? '', /No Python was found/);
  });

  test('neither extension: PATH, then the active environment, then the folder’s .venv win in turn', async () => {
    const env: NodeJS.ProcessEnv = { PATH: ['relative/bin', onPathFolder].join(delimiter) };
    const reasons: string[] = [];
    const look = async () => reasons.push((await resolveInterpreter(folder, { ...NONE, env }, probing())).reason);
    await look();
    env.CONDA_PREFIX = dirname(dirname(chosen));
    await look();
    python('work space/.venv/bin/python');
    await look();
    rmSync(join(folder, '.venv'), { recursive: true });
    assert.deepEqual(reasons, [
      'the first Python on PATH',
      'the active environment (CONDA_PREFIX)',
      'the folder’s .venv',
    ]);
  });

  test('the setting wins, with variables, and may be an environment’s folder', async () => {
    const providers = [provider('other', async () => join(onPathFolder, 'python3'))];
    // biome-ignore lint/suspicious/noTemplateCurlyInString: VS Code's variables look like this.
    const setting = '${workspaceFolder}/../chosen';
    const found = await resolveInterpreter(folder, { ...NONE, setting, providers }, probing());
    assert.equal(found.interpreter, chosen);
    assert.equal(found.reason, 'set by fxlens.interpreter');
  });

  test('a setting that leads nowhere is a problem, not passed over', async () => {
    const env = { PATH: onPathFolder };
    const found = await resolveInterpreter(folder, { ...NONE, setting: '/nowhere/python', env }, probing());
    assert.equal(found.interpreter, null);
    assert.match(found.problem ?? '', /there is no Python at \/nowhere\/python/);
  });

  test('the old extension only, the new one only, both: the new one first', async () => {
    const silent = provider('new', async () => undefined);
    const old = provider('old', async () => chosen);
    const found = await resolveInterpreter(folder, { ...NONE, providers: [silent, old] }, probing());
    assert.equal(found.reason, 'chosen in old');
    assert.deepEqual(found.passed, ['new: no environment chosen']);
    const both = [provider('new', async () => join(onPathFolder, 'python3')), old];
    assert.equal((await resolveInterpreter(folder, { ...NONE, providers: both }, probing())).reason, 'chosen in new');
  });

  test('an extension that never answers costs its time limit and no more', async () => {
    const stuck = provider('stuck', () => new Promise(() => undefined));
    const providers = [stuck, provider('old', async () => chosen)];
    const found = await resolveInterpreter(folder, { ...NONE, providers }, probing(), 5);
    assert.equal(found.interpreter, chosen);
    assert.match(found.passed[0] ?? '', /stuck did not answer within/);
  });

  test('an extension that throws, and one whose interpreter is gone, are passed over and named', async () => {
    const providers = [
      provider('broken', async () => Promise.reject(new Error('no such API'))),
      provider('outdated', async () => join(root, 'gone', 'bin', 'python')),
    ];
    const found = await resolveInterpreter(folder, { ...NONE, providers, env: { PATH: onPathFolder } }, probing());
    assert.equal(found.reason, 'the first Python on PATH');
    assert.equal(found.passed[0], 'broken: no such API');
    assert.match(found.passed[1] ?? '', /^outdated: there is no Python at/);
  });

  test('python.defaultInterpreterPath counts unless it is its own default', async () => {
    const set = await resolveInterpreter(folder, { ...NONE, pythonDefault: chosen }, probing());
    assert.equal(set.reason, 'set by python.defaultInterpreterPath');
    const unset = await resolveInterpreter(folder, { ...NONE, pythonDefault: 'python' }, probing());
    assert.equal(unset.interpreter, null);
  });

  test('what is wrong with the choice is told: too old, without torch, does not run', async () => {
    const sources = { ...NONE, setting: chosen };
    const look = (answer: object) => resolveInterpreter(folder, sources, probing({ [chosen]: answer }));
    const old = await look({ version: [3, 9, 1] });
    assert.equal(old.interpreter, null);
    assert.match(old.problem ?? '', /Python 3\.9\.1; FX Lens needs 3\.10 or newer/);
    const bare = await look({ torch: null });
    assert.equal(bare.problemKind, 'noTorch');
    assert.match(bare.problem ?? '', /PyTorch is not installed in/);
    const dead = await look({ failure: 'Illegal instruction' });
    assert.equal(dead.problemKind, 'noInterpreter');
    assert.match(dead.problem ?? '', /does not run: Illegal instruction/);
  });
});

describe('the Python of the language server', () => {
  const at = (...folders: string[]) => ({ PATH: folders.join(delimiter) });

  test('is never one of the workspace, not even through a link or a shim', async () => {
    const inside = dirname(python('work space/bin/python3'));
    const linked = join(root, 'linked');
    mkdirSync(linked);
    symlinkSync(join(inside, 'python3'), join(linked, 'python3'));
    const shim = python('shims/python3');
    const asked: string[] = [];
    const probe: Prober = async (interpreter) => {
      asked.push(interpreter);
      return { executable: interpreter === shim ? join(inside, 'python3') : interpreter, version: [3, 12, 0] };
    };
    const env = at(inside, linked, dirname(shim), onPathFolder);
    const found = await findServerPython([folder], [], env, probe);
    assert.equal(found.python, join(onPathFolder, 'python3'));
    assert.deepEqual(asked, [shim, join(onPathFolder, 'python3')]);
  });

  test('is the chosen interpreter of a trusted folder when PATH has none that will do', async () => {
    const old = { [join(onPathFolder, 'python3')]: { version: [3, 8, 2] } };
    const found = await findServerPython([folder], [chosen], at(onPathFolder), probing(old));
    assert.equal(found.python, chosen);
    const none = await findServerPython([folder], [], at(onPathFolder), probing(old));
    assert.equal(none.python, undefined);
    assert.match(none.reason, /Python 3\.8\.2 is too old/);
  });
});

describe('paths', () => {
  test('variables are replaced, unknown ones stay', () => {
    // biome-ignore lint/suspicious/noTemplateCurlyInString: VS Code's variables look like this.
    const text = '${workspaceFolder}/${env:NAME}/${env:MISSING}/${command:x}';
    // biome-ignore lint/suspicious/noTemplateCurlyInString: as above.
    assert.equal(substitute(text, '/w', { NAME: 'n' }), '/w/n//${command:x}');
  });

  test('a neighbour with the same beginning is not inside', () => {
    assert.ok(isInside('/a/b/c', ['/a/b']));
    assert.ok(!isInside('/a/bc', ['/a/b']));
    assert.ok(!isInside('/a/..b', ['/a/b']));
  });
});
