// `npm ci && npm run build` in this folder writes the bundle and its licences.
import { build } from "esbuild";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";

const out = "../../src/dragoman/console/static/";
const { metafile } = await build({
  entryPoints: ["editor.js"], outfile: out + "codemirror.js", bundle: true, minify: true,
  format: "iife", target: "es2022", charset: "utf8", legalComments: "none", metafile: true,
});
const names = new Set();
for (const path of Object.keys(metafile.inputs)) {
  const found = /node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(path);
  if (found) names.add(found[1]);
}
const texts = new Map();
for (const name of [...names].sort()) {
  const folder = `node_modules/${name}/`;
  const file = readdirSync(folder).find((f) => /^licen[cs]e/i.test(f));
  const { version } = JSON.parse(readFileSync(folder + "package.json", "utf8"));
  const text = readFileSync(folder + file, "utf8").trim();
  texts.set(text, [...(texts.get(text) ?? []), `${name} ${version}`]);
}
const parts = [...texts].map(([text, of]) => `${of.join("\n")}\n\n${text}\n`);
const lead = "codemirror.js is made of these packages by tools/codemirror.\n";
writeFileSync(out + "LICENSE-codemirror.txt", [lead, ...parts].join("\n" + "-".repeat(72) + "\n\n"));
