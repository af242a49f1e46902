// `npm run build`: what the extension needs to run from this folder (F5). `--watch` rebuilds the client on change.
import { buildClient, buildPythonPage, bundleLibraries, clientBuild, pageBuild } from './lib/bundle.mjs';
import { writeDesktopSettings } from './lib/desktop.mjs';
import { runMain, say } from './lib/say.mjs';

await runMain(async () => {
  await bundleLibraries();
  await buildPythonPage();
  writeDesktopSettings();
  if (!process.argv.includes('--watch')) {
    await buildClient(process.argv.includes('--minify'));
    return;
  }
  const { context } = await import('esbuild');
  // VS Code's background problem matcher waits for these two lines (.vscode/tasks.json).
  const watching = await context({
    ...clientBuild(false),
    plugins: [
      {
        name: 'report',
        setup(build) {
          build.onStart(() => console.log('[watch] build started'));
          build.onEnd(() => console.log('[watch] build finished'));
        },
      },
    ],
  });
  const page = await context(pageBuild(false));
  await Promise.all([watching.watch(), page.watch()]);
  say('Watching client; Ctrl+C ends it');
});
