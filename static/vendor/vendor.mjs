// Takes the page's libraries from the npm registry and writes them beside this file.
//
//     node static/vendor/vendor.mjs            fetch, verify, write
//     node static/vendor/vendor.mjs --check    compare what is committed with VENDOR.json, no network
//
// A package is named by version and by the sha512 of its tarball; anything else ends the run before
// a byte is written. What was written, and under which licence, stands in VENDOR.json.
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const HERE = dirname(fileURLToPath(import.meta.url));

/** The icons of the page, by their names in Lucide. */
const ICONS = [
  "apple", "arrow-down", "arrow-left", "ban", "bell", "bell-off", "bookmark", "camera", "check", "check-check",
  "chevron-left", "chevron-right", "circle-alert", "clock", "copy", "crown", "download", "ellipsis",
  "ellipsis-vertical", "eye", "eye-off", "file", "file-archive", "file-code", "file-image", "file-music", "file-play",
  "file-spreadsheet", "file-text", "flag", "forward", "hand", "hash", "image", "image-off", "info", "keyboard",
  "leaf", "lightbulb", "link", "lock", "log-out", "megaphone", "message-circle", "mic", "mic-off", "monitor", "moon",
  "paperclip", "pause", "pencil", "pin", "pin-off", "plane", "play", "plus", "presentation", "reply", "search",
  "send-horizontal", "settings", "shield", "smartphone", "smile", "smile-plus", "sticker", "sun", "sun-moon",
  "trash-2", "trophy", "undo-2", "upload", "user", "user-minus", "user-plus", "users", "volume-2", "volume-x",
  "wifi-off", "x", "zoom-in", "zoom-out",
];

const PACKAGES = [
  {
    name: "htm",
    version: "3.1.1",
    licence: "Apache-2.0",
    integrity: "sha512-983Vyg8NwUE7JkZ6NmOqpCZ+sh1bKv2iYTlUkzlWmA5JD2acKoxd4KVxbMmxX/85mtfdnDmTFoNKcg5DGAvxNQ==",
    files: { "htm.js": (tarball) => module(tarball, "dist/htm.module.js"), "preact-htm.js": together, "LICENSE.htm": "LICENSE" },
  },
  {
    name: "preact",
    version: "10.29.8",
    licence: "MIT",
    integrity: "sha512-ej2aVZ+vZ8WO7tvlQWRM9N63A0KzF9q4mWJfDUHgYaIofWY9hu74QdnQrjoPMmZi2/nZ5gN0bJCQF49xQqx09Q==",
    files: {
      "preact.js": (tarball) => module(tarball, "dist/preact.module.js"),
      "preact-hooks.js": (tarball) => module(tarball, "hooks/dist/hooks.module.js"),
      "LICENSE.preact": "LICENSE",
    },
  },
  {
    name: "lucide-static",
    version: "1.62.0",
    licence: "ISC",
    integrity: "sha512-WBZA/m2PvkFpMGHDtsBck5P2A9G4ehLlYu4GwwICcmEm1BvYVgj00lCDxKRWLlbMlOibLaiwdQ88G5pHkSWgwA==",
    files: { "icons.svg": sprite, "LICENSE.lucide": "LICENSE" },
  },
  {
    name: "emoji-picker-element-data",
    version: "1.8.0",
    licence: "Apache-2.0",
    integrity: "sha512-VfRuRJNEDLS1JKlNS4olaqhjX5S1nnZ+ZHG73b/dV8QeZyi0yPruTPEE72EmF6XO3k/9hj3lybMIYMOYXb/57A==",
    files: {
      "emoji.json": emoji,
      "emoji-en.json": (tarball) => words(tarball, "en"),
      "emoji-zh.json": (tarball) => words(tarball, "zh"),
      "LICENSE.emoji-picker-element-data": "LICENSE",
    },
  },
];

/** A module that finds the others beside it, and asks for no map of itself. */
function module(tarball, path) {
  const text = member(tarball, path).toString("utf8");
  return Buffer.from(text.replace(/\bfrom"preact"/g, 'from"./preact.js"').replace(/\n?\/\/# sourceMappingURL=.*/, "\n"));
}

/** What the page's views import: preact, its hooks, and htm for its elements. */
function together() {
  return Buffer.from(`import htm from "./htm.js";
import { h } from "./preact.js";
export { Component, render } from "./preact.js";
export * from "./preact-hooks.js";
export const html = htm.bind(h);
`);
}

/** Skin tones and hair, which are parts of emoji and none by themselves. */
const COMPONENTS = 2;

/** An emoji that is a picture without it; the data asks for one all the same. */
const NEEDLESS_SELECTOR = /^(\p{Emoji_Presentation})\uFE0F$/u;

function listed(tarball, lang) {
  return JSON.parse(member(tarball, `${lang}/emojibase/data.json`)).filter(({ group }) => group !== COMPONENTS);
}

/** `[emoji, group, version of Unicode's list, the five tones or none]`, in Unicode's order. */
function emoji(tarball) {
  const rows = listed(tarball, "en").map(({ emoji: text, group, version, skins = [] }) => {
    const tones = skins.filter(({ tone }) => !Array.isArray(tone)).map((skin) => skin.emoji);
    return [text.replace(NEEDLESS_SELECTOR, "$1"), group, version, ...(tones.length ? [tones] : [])];
  });
  return json(rows);
}

/** What each is called, also in short, and what else one may look for, in the same order: `name=short|word|word`. */
function words(tarball, lang) {
  const same = listed(tarball, "en").map((one) => one.emoji).join() === listed(tarball, lang).map((one) => one.emoji).join();
  if (!same) throw new Error(`the emoji of ${lang} stand in another order`);
  const called = ({ annotation, shortcodes = [] }) => new Set([annotation, ...shortcodes.map((code) => code.replaceAll("_", " "))]);
  return json(listed(tarball, lang).map((one) => [[...called(one)].join("="), ...(one.tags ?? [])].join("|")));
}

/** A line for each, so that a newer version can be read as a difference. */
function json(rows) {
  return Buffer.from(`[\n${rows.map((row) => JSON.stringify(row)).join(",\n")}\n]\n`);
}

/** One sprite of the chosen icons; stroke and size come from the page's CSS. */
function sprite(tarball) {
  const symbols = ICONS.map((name) => {
    const svg = member(tarball, `icons/${name}.svg`).toString("utf8");
    const inner = svg.slice(svg.indexOf(">", svg.indexOf("<svg")) + 1, svg.lastIndexOf("</svg>"));
    return `<symbol id="icon-${name}" viewBox="0 0 24 24">${inner.replace(/\s*\n\s*/g, "")}</symbol>`;
  });
  return Buffer.from(`<svg xmlns="http://www.w3.org/2000/svg">\n${symbols.join("\n")}\n</svg>\n`);
}

function member(tarball, path) {
  return execFileSync("tar", ["-xzOf", tarball, `package/${path}`], { maxBuffer: 16 * 1024 * 1024 });
}

function hash(algorithm, bytes) {
  return `${algorithm}-${createHash(algorithm).update(bytes).digest("base64")}`;
}

function take({ name, version, integrity, files }, folder) {
  const printed = execFileSync("npm", ["pack", `${name}@${version}`, "--silent", "--pack-destination", folder]);
  const tarball = join(folder, basename(printed.toString().trim()));
  const found = hash("sha512", readFileSync(tarball));
  if (found !== integrity) throw new Error(`${name}@${version}: the tarball is ${found}, expected ${integrity}`);
  return Object.entries(files).map(([target, source]) => [
    target,
    typeof source === "function" ? source(tarball) : member(tarball, source),
  ]);
}

function fetchAll() {
  const folder = mkdtempSync(join(tmpdir(), "vendor-"));
  try {
    const taken = PACKAGES.map((wanted) => [wanted, take(wanted, folder)]);
    const record = taken.map(([{ name, version, licence, integrity }, files]) => ({
      name,
      version,
      licence,
      integrity,
      files: Object.fromEntries(files.map(([target, bytes]) => [target, hash("sha256", bytes)])),
    }));
    for (const [, files] of taken) for (const [target, bytes] of files) writeFileSync(join(HERE, target), bytes);
    writeFileSync(join(HERE, "VENDOR.json"), `${JSON.stringify(record, null, 2)}\n`);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function check() {
  const record = JSON.parse(readFileSync(join(HERE, "VENDOR.json"), "utf8"));
  const wrong = record.flatMap(({ files }) =>
    Object.entries(files).filter(([target, sum]) => hash("sha256", readFileSync(join(HERE, target))) !== sum),
  );
  for (const [target] of wrong) console.error(`${target} is not what VENDOR.json says`);
  return wrong.length === 0;
}

if (process.argv.includes("--check")) process.exit(check() ? 0 : 1);
fetchAll();
