// The development environment: .venv with the pinned torch, torchvision and timm, and fxlens itself, editable.
import { spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { onPath, ROOT, VENV, VENV_PYTHON, WINDOWS } from './paths.mjs';
import { run } from './process.mjs';
import { detail, Remedy, say } from './say.mjs';
import { contentHash, once } from './stamps.mjs';

/** `FXLENS_TORCH` names other versions, for the tests with the oldest and the newest torch. */
const TORCH = (process.env.FXLENS_TORCH ?? 'torch==2.13.0 torchvision==0.28.0').split(' ');
const TIMM = ['timm==1.0.31'];
const HOOK = join(ROOT, 'scripts', 'torchvision_cpu', 'fxlens_torchvision_cpu.py');
const PROJECT = join(ROOT, 'server', 'pyproject.toml');

/** Make `.venv`, or bring it up to date. */
export async function setUpPython() {
  await makeEnvironment();
  const version = probe(VENV_PYTHON);
  await step('torch', TORCH, [version ?? ''], () => pip(['install', ...TORCH]));
  await step('timm', TIMM, [version ?? ''], () => pip(['install', ...TIMM]));
  await step('fxlens and its tools', ['--group dev'], [{ path: PROJECT }], async () => {
    await pip(['install', '--quiet', 'pip>=25.1']); // the first that knows dependency groups
    await pip(['install', '-e', join(ROOT, 'server'), '--group', `${PROJECT}:dev`]);
  });
  await step('torchvision beside a CPU-only torch', ['import hook'], [{ path: HOOK }], async () => installHook());
}

/**
 * The environment of the zoo's other libraries: `.venv` with them on top. Installed without what they depend on, so that
 * none of them brings another torch; the list names all that is needed.
 * @returns {Promise<string>} its Python
 */
export async function setUpLibraries() {
  const folder = join(ROOT, '.venv-zoo');
  const python = WINDOWS ? join(folder, 'Scripts', 'python.exe') : join(folder, 'bin', 'python');
  const list = join(ROOT, 'tests', 'zoo', 'libraries', 'requirements.txt');
  const site = (/** @type {string} */ of) =>
    spawnSync(of, ['-I', '-c', 'import sysconfig; print(sysconfig.get_path("purelib"))'], {
      encoding: 'utf8',
    }).stdout.trim();
  await once(join(folder, '.stamp'), contentHash([{ path: list }, probe(VENV_PYTHON) ?? '']), async () => {
    say('Python: installing the libraries of the zoo (transformers, diffusers, ultralytics …)');
    rmSync(folder, { recursive: true, force: true });
    await run(VENV_PYTHON, ['-m', 'venv', folder], { quiet: true });
    // Not a plain path: the files of `.venv` that import our hook and the package itself would not be read.
    writeFileSync(
      join(site(python), 'base.pth'),
      `import site; site.addsitedir(${JSON.stringify(site(VENV_PYTHON))})\n`,
    );
    const options = ['--disable-pip-version-check', '--no-input', '--quiet', '--no-deps', '--progress-bar', 'off'];
    await run(python, ['-m', 'pip', 'install', ...options, '-r', list]);
  });
  return python;
}

/**
 * @param {string} name
 * @param {readonly string[]} what
 * @param {readonly (string | {path: string})[]} inputs
 * @param {() => Promise<unknown>} work
 */
async function step(name, what, inputs, work) {
  const file = join(VENV, '.fxlens', name.replaceAll(' ', '-'));
  const done = await once(file, contentHash([...what, ...inputs]), () => {
    say(`Python: installing ${name} (${what.join(', ')})`);
    return work();
  });
  if (!done) detail(`${name}: up to date`);
}

async function makeEnvironment() {
  const version = existsSync(VENV_PYTHON) ? probe(VENV_PYTHON) : undefined;
  if (version && atLeast310(version)) {
    detail(`.venv: Python ${version}`);
    return;
  }
  if (existsSync(VENV)) {
    say(`.venv does not run (or is older than Python 3.10): making it anew`);
    rmSync(VENV, { recursive: true });
  }
  const { python, version: found } = findPython();
  say(`Making .venv with ${python} (Python ${found})`);
  await run(python, ['-m', 'venv', VENV], { quiet: true });
}

/** @param {string} version */
function atLeast310(version) {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  return major > 3 || (major === 3 && minor >= 10);
}

/**
 * The version of a Python that works, else undefined.
 * @param {string} python
 * @param {string} [need] a statement that must work
 */
function probe(python, need = 'pass') {
  const code = `import sys; ${need}; print("%d.%d.%d" % sys.version_info[:3])`;
  const result = spawnSync(python, ['-I', '-c', code], { encoding: 'utf8', timeout: 20_000 });
  return result.status === 0 ? result.stdout.trim() : undefined;
}

/** A Python ≥ 3.10 that can make environments; `FXLENS_PYTHON` names one. */
function findPython() {
  const named = process.env.FXLENS_PYTHON;
  const names = ['python3', 'python', 'python3.14', 'python3.13', 'python3.12', 'python3.11', 'python3.10'];
  const tried = [];
  for (const python of named ? [named] : names.map((name) => onPath([name]))) {
    if (!python || (WINDOWS && python.includes('WindowsApps'))) continue;
    const version = probe(python, 'import venv, ensurepip');
    if (version && atLeast310(version)) return { python, version };
    tried.push(`${python} (${version ? `Python ${version}` : (probe(python) ?? 'does not run')})`);
  }
  throw new Remedy(
    `No Python 3.10 or newer with the venv module was found${tried.length ? `; tried ${tried.join(', ')}` : ''}.`,
    'Install Python 3.11 (on Debian and Ubuntu also python3-venv) and see that it is on PATH,',
    'or name one: FXLENS_PYTHON=/path/to/python npm run setup',
  );
}

/** @param {readonly string[]} args */
export async function pip(args) {
  const { code } = await run(
    VENV_PYTHON,
    ['-m', 'pip', '--disable-pip-version-check', '--no-input', ...args, '--progress-bar', 'off'],
    { allowFailure: true, hide: /^(Requirement already satisfied|Looking in|Obtaining| {2})/ },
  );
  if (code !== 0) {
    throw new Remedy(
      `pip ${args.join(' ')} failed (its output is above).`,
      'Is the network or the package index reachable? PIP_INDEX_URL and the like are honoured.',
      'Is there a torch wheel for this Python? Another Python: remove .venv, then FXLENS_PYTHON=… npm run setup',
    );
  }
}

/**
 * Install a dependency group of server/pyproject.toml, unless it is there as that file has it now.
 * @param {string} group
 */
export async function installGroup(group) {
  await step(`the tools of ${group}`, [`--group ${group}`], [{ path: PROJECT }], () =>
    pip(['install', '--quiet', '--group', `${PROJECT}:${group}`]),
  );
}

function installHook() {
  const code = 'import sysconfig; print(sysconfig.get_path("purelib"))';
  const folder = spawnSync(VENV_PYTHON, ['-I', '-c', code], { encoding: 'utf8' }).stdout.trim();
  const pth = join(folder, 'fxlens-torchvision-cpu.pth');
  copyFileSync(HOOK, join(folder, 'fxlens_torchvision_cpu.py'));
  writeFileSync(pth, 'import fxlens_torchvision_cpu; fxlens_torchvision_cpu.install()\n');
}
