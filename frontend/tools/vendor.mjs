/**
 * Bundles third-party modules into vendor/, which is not committed. Our own modules are served
 * unchanged.
 */
import { createHash } from "node:crypto";
import { copyFile, mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { resolve } from "node:path";
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
  metafile: true,
  logLevel: "warning",
  define: { "process.env.NODE_ENV": '"production"' },
};

/** What was built from what. @type {import("esbuild").Metafile[]} */
const metafiles = [];

// Bare specifiers of the manager's import map; shared code lands in one chunk.
await bundle({
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
await bundle({
  entryPoints: { graphiql: "graphiql/entry.js" },
  outdir: OUT,
  jsx: "automatic",
  loader: { ".woff2": "file", ".woff": "file", ".ttf": "file" },
  assetNames: "[name]-[hash]",
});
await liftFonts(`${OUT}/graphiql.css`);

// The editor: our modules and CodeMirror in one file, because 300 modules would be 300 requests. What
// is not needed at first is imported dynamically, and becomes a file beside it.
const EDITOR = resolve("editor/editor.js");
const metafile = await bundle({
  splitting: true,
  entryPoints: { editor: EDITOR },
  plugins: [await firstLoadInOneFile(EDITOR)],
  outdir: OUT,
  chunkNames: "editor-[name]-[hash]",
});
await writeFile(`${OUT}/editor.LEGAL.txt`, await licenses(metafile));
// Its search runs in a worker.
await bundle({
  entryPoints: { "editor-search": "editor/search/search-worker.js" },
  outdir: OUT,
});
await bundle({
  entryPoints: { editor: "editor/editor.css" },
  outdir: OUT,
  external: ["*.woff2", "*.svg"],
});

await copyFile(
  "node_modules/@fontsource-variable/inter/files/inter-latin-wght-normal.woff2",
  `${OUT}/inter.woff2`,
);
await copyFile("node_modules/@fontsource-variable/inter/LICENSE", `${OUT}/inter.LEGAL.txt`);
await writeFile(`${OUT}/sources.json`, `${JSON.stringify(await sources(), null, 1)}\n`);

/** @param {import("esbuild").BuildOptions} options */
async function bundle(options) {
  const { metafile } = await build({ ...common, ...options });
  metafiles.push(metafile);
  return metafile;
}

/** Hashes of our own sources, by which a build of the engine sees that these files are older. */
async function sources() {
  const own = metafiles
    .flatMap(({ inputs }) => Object.keys(inputs))
    .filter((path) => !path.startsWith("node_modules/"));
  const all = [...new Set([...own, "package-lock.json", "tools/vendor.mjs"])].sort();
  const hashes = all.map(async (path) => {
    const hash = createHash("sha256").update(await readFile(path));
    return [path, hash.digest("hex")];
  });
  return Object.fromEntries(await Promise.all(hashes));
}

/**
 * Keeps what a page loads first in one file. esbuild makes a file for each group of modules that the
 * same parts use: every part that is loaded later uses all of the first load, which it has anyway.
 * @param {string} first
 * @returns {Promise<import("esbuild").Plugin>}
 */
async function firstLoadInOneFile(first) {
  // Asked for beforehand: a module may be loaded before the import that makes it a part is seen.
  const { metafile } = await build({ ...common, entryPoints: [first], outdir: OUT, write: false });
  const later = Object.values(metafile.inputs)
    .flatMap(({ imports }) => imports)
    .filter(({ kind }) => kind === "dynamic-import")
    .map(({ path }) => resolve(path));
  return {
    name: "first-load-in-one-file",
    setup({ onLoad }) {
      onLoad({ filter: /\.js$/ }, async ({ path }) => {
        if (!later.includes(path)) return undefined;
        const text = await readFile(path, "utf8");
        return { contents: `import ${JSON.stringify(first)};\n${text}` };
      });
    },
  };
}

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
