// The client as two files, and the language server's libraries.
import { existsSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { BUNDLED_LIBS, ROOT } from './paths.mjs';
import { pip } from './python.mjs';
import { detail, Remedy, say } from './say.mjs';
import { contentHash, filesUnder, once } from './stamps.mjs';

const REQUIREMENTS = join(ROOT, 'server', 'requirements-bundled.txt');
const NATIVE = /\.(so|pyd|dylib|dll|node|exe|a|lib)(\.|$)/;

/**
 * esbuild's options for the client.
 * @param {boolean} minify
 * @returns {import('esbuild').BuildOptions}
 */
export function clientBuild(minify) {
  return {
    absWorkingDir: ROOT,
    // The second is loaded when the server is started: VS Code waits for the first.
    entryPoints: ['client/src/extension.ts', 'client/src/languageClient.ts'],
    outdir: 'client/out',
    bundle: true,
    platform: 'node',
    target: 'node20',
    format: 'cjs',
    external: ['vscode', './languageClient'],
    // Imports at run time become `require`: Node's own `import()` wants the name with its ending.
    supported: { 'dynamic-import': false },
    // The CommonJS builds of some dependencies hide behind UMD wrappers that esbuild cannot follow.
    mainFields: ['module', 'main'],
    minify,
    sourcemap: minify ? false : 'linked',
    legalComments: 'none',
    logLevel: 'warning',
  };
}

/** Properties of the page's own objects, which neither a browser nor a message knows by name: they may be short. */
const OWN_PROPERTIES =
  /^(allQuiet|between|boxes|drawn|element|elementOf|headed|home|inside|lane|level|members|moved|obstacles|parts|ports|reader|readers|recount|refresh|route|searched|sorted|sources|stamp|tail|titles|toggleOpen|turn|weight)$/;

/**
 * esbuild's options for the page of the graph view: script, style, and colours for use outside of VS Code.
 * @param {boolean} minify
 * @returns {import('esbuild').BuildOptions}
 */
export function pageBuild(minify) {
  return {
    absWorkingDir: ROOT,
    entryPoints: {
      picture: 'client/webview/main.ts',
      'picture-style': 'client/webview/picture.css',
      'picture-file': 'client/webview/file.css',
    },
    outdir: 'client/out',
    bundle: true,
    platform: 'browser',
    // What VS Code 1.91 shows pages with. Scripts that a page's policy lets in by a nonce are no modules.
    target: 'chrome122',
    format: 'iife',
    minify,
    // Short names for what stands there most often: a twentieth of the page.
    ...(minify ? { mangleProps: OWN_PROPERTIES } : {}),
    inject: ['client/webview/shortMath.ts'],
    define: { 'Math.max': 'max', 'Math.min': 'min', 'Math.floor': 'floor' },
    legalComments: 'none',
    logLevel: 'warning',
  };
}

/**
 * @param {boolean} minify
 * @returns {Promise<string[]>} the files that were bundled, relative to the repository
 */
export async function buildClient(minify) {
  const { build } = await import('esbuild');
  say(`Building the client${minify ? ', minified' : ''}`);
  const builds = [clientBuild(minify), pageBuild(minify)].map((options) => build({ ...options, metafile: true }));
  return (await Promise.all(builds)).flatMap(({ metafile }) => Object.keys(metafile?.inputs ?? {}));
}

/** The page once more, minified, where the Python package has it for files and notebooks. */
export async function buildPythonPage() {
  const { build } = await import('esbuild');
  await build({ ...pageBuild(true), outdir: 'server/fxlens/picture/page' });
}

/**
 * Fill `bundled/libs` from the pinned requirements: pure Python, for every platform and Python ≥ 3.10.
 * `--platform any --abi none` makes pip refuse anything else.
 */
export async function bundleLibraries() {
  const hash = contentHash([{ path: REQUIREMENTS }]);
  const done = await once(join(BUNDLED_LIBS, '..', '.stamp'), hash, async () => {
    say('Bundling the language server’s libraries');
    if (existsSync(BUNDLED_LIBS)) rmSync(BUNDLED_LIBS, { recursive: true });
    await pip([
      ...['install', '--quiet', '--target', BUNDLED_LIBS, '--no-compile', '--no-deps', '--requirement', REQUIREMENTS],
      ...[
        '--only-binary=:all:',
        '--platform',
        'any',
        '--implementation',
        'py',
        '--abi',
        'none',
        '--python-version',
        '310',
      ],
    ]);
    rmSync(join(BUNDLED_LIBS, 'bin'), { recursive: true, force: true });
  });
  if (!done) detail('bundled libraries: up to date');
  checkLibraries();
}

function checkLibraries() {
  const native = filesUnder(BUNDLED_LIBS).filter((file) => NATIVE.test(file));
  if (native.length > 0) throw new Remedy(`Native code among the bundled libraries: ${native.join(', ')}`);
  const described = readdirSync(BUNDLED_LIBS).filter((name) => name.endsWith('.dist-info')).length;
  if (described === 0)
    throw new Remedy('The bundled libraries have lost their .dist-info folders (licences, versions).');
}
