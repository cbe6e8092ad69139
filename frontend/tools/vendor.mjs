/**
 * Bundles third-party modules into vendor/, which is not committed. Our own modules are served
 * unchanged.
 */
import { copyFile, mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { build } from "esbuild";

const OUT = "vendor";

await rm(OUT, { recursive: true, force: true });
await mkdir(OUT, { recursive: true });

const common = {
  bundle: true,
  minify: true,
  format: "esm",
  target: "es2022",
  legalComments: "linked",
  logLevel: "warning",
  define: { "process.env.NODE_ENV": '"production"' },
};

// Bare specifiers of the manager's import map; shared code lands in one chunk.
await build({
  ...common,
  splitting: true,
  entryPoints: {
    preact: "preact",
    hooks: "preact/hooks",
    htm: "htm/preact",
    "graphql-ws": "graphql-ws",
  },
  outdir: OUT,
});

// The playground: one page, in its own file. Fonts inside its style sheet become files, because
// the content security policy allows none from `data:`.
await build({
  ...common,
  entryPoints: { graphiql: "graphiql/entry.js" },
  outdir: OUT,
  jsx: "automatic",
  loader: { ".woff2": "file", ".woff": "file", ".ttf": "file" },
  assetNames: "[name]-[hash]",
});
await liftFonts(`${OUT}/graphiql.css`);

// The editor: our modules and CodeMirror in one file, because 300 modules would be 300 requests. What
// is needed seldom is imported dynamically, and becomes a file beside it.
const { metafile } = await build({
  ...common,
  splitting: true,
  entryPoints: { editor: "editor/editor.js" },
  outdir: OUT,
  chunkNames: "editor-[name]-[hash]",
  metafile: true,
});
await writeFile(`${OUT}/editor.LEGAL.txt`, await licenses(metafile));
// Its search runs in a worker.
await build({
  ...common,
  entryPoints: { "editor-search": "editor/search/search-worker.js" },
  outdir: OUT,
});
await build({
  ...common,
  entryPoints: { editor: "editor/editor.css" },
  outdir: OUT,
  external: ["*.woff2", "*.svg"],
});

await copyFile(
  "node_modules/@fontsource-variable/inter/files/inter-latin-wght-normal.woff2",
  `${OUT}/inter.woff2`,
);
await copyFile("node_modules/@fontsource-variable/inter/LICENSE", `${OUT}/inter.LEGAL.txt`);

/**
 * The licenses of the packages in a bundle: most have no comment that esbuild would keep.
 * @throws {Error} for a package without one
 */
async function licenses({ inputs }) {
  const folders = Object.keys(inputs).flatMap(
    (path) => path.match(/^node_modules\/(?:@[^/]+\/)?[^/]+/) ?? [],
  );
  const texts = [...new Set(folders)].sort().map(async (folder) => {
    const { name, version, license } = JSON.parse(await readFile(`${folder}/package.json`, "utf8"));
    const file = (await readdir(folder)).find((one) => /^licen[cs]e(\.\w+)?$/i.test(one));
    if (!file) throw new Error(`${folder} has no file with its license (${license}).`);
    return `${name} ${version}\n\n${(await readFile(`${folder}/${file}`, "utf8")).trim()}\n`;
  });
  return (await Promise.all(texts)).join(`\n${"-".repeat(72)}\n\n`);
}

/** Writes fonts that a style sheet holds as `data:` into files beside it. */
async function liftFonts(path) {
  let number = 0;
  const written = [];
  const text = (await readFile(path, "utf8")).replace(
    /url\(["']?data:(?:font|application)\/[\w.+-]*(?:;charset=[\w-]+)?;base64,([A-Za-z0-9+/=]+)["']?\)/g,
    (_, data) => {
      const name = `graphiql-font-${number++}.woff2`;
      written.push(writeFile(`${OUT}/${name}`, Buffer.from(data, "base64")));
      return `url("${name}")`;
    },
  );
  await Promise.all([...written, writeFile(path, text)]);
}
