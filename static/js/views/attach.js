/** The ways in for files: a button, a paste, and a drop anywhere on the thread. */
import { html, useEffect, useRef, useState } from "../../vendor/preact-htm.js";
import { t as say, useT } from "../i18n.js";
import { toast } from "../acts.js";
import { addFiles } from "../tray.js";
import { Icon, IconButton } from "./parts.js";

/** @param {{conv: string, ready: () => void}} props  ready: the files stand in the tray */
export function Attach({ conv, ready }) {
  const t = useT();
  const input = useRef();
  const take = (files) => {
    if (!files.length) return;
    addFiles(conv, files);
    setTimeout(ready); // a drop takes the focus when its listeners are done
  };
  const chosen = () => {
    const files = [...input.current.files];
    input.current.value = ""; // the same one may be chosen again
    take(files);
  };
  usePaste(take);
  return html`
    <input ref=${input} type="file" multiple hidden onChange=${chosen} />
    <${IconButton} icon="paperclip" label=${t("attach")} class="round" onClick=${() => input.current.click()} />
    <${DropPlace} take=${take} />
  `;
}

/** Files in the clipboard; where it holds a text as well (from a word processor), that is what is meant. */
function usePaste(take) {
  const latest = useRef();
  latest.current = take;
  useEffect(() => {
    const paste = (event) => {
      const { files, types } = event.clipboardData;
      if (!files.length || (types.includes("text/plain") && types.includes("text/html")) || document.querySelector("dialog[open]")) return;
      event.preventDefault();
      latest.current([...files]);
    };
    window.addEventListener("paste", paste);
    return () => window.removeEventListener("paste", paste);
  }, []);
}

/** Shown while files are dragged over the window. What misses it is not opened by the browser in the page's place. */
function DropPlace({ take }) {
  const t = useT();
  const [over, setOver] = useState(false);
  const latest = useRef();
  latest.current = take;
  useEffect(() => {
    const watch = dragWatch(setOver, (files) => latest.current(files));
    for (const [name, listener] of watch) window.addEventListener(name, listener);
    return () => watch.forEach(([name, listener]) => window.removeEventListener(name, listener));
  }, []);
  if (!over) return null;
  return html`<div class="drop"><p><${Icon} name="upload" /> ${t("attach.drop")}</p></div>`;
}

/** The listeners of a window, as `[name, listener]`: a drag enters each element anew, so they are counted. */
function dragWatch(setOver, take) {
  let [depth, own] = [0, false];
  const isIn = ({ target }) => Boolean(target.closest?.(".thread"));
  const files = (event) => !own && event.dataTransfer?.types.includes("Files");
  const end = () => {
    depth = 0;
    setOver(false);
  };
  const enter = (event) => files(event) && !document.querySelector("dialog[open]") && setOver(++depth > 0);
  const leave = (event) => files(event) && depth > 0 && --depth === 0 && end();
  const move = (event) => {
    if (!files(event)) return;
    event.preventDefault();
    event.dataTransfer.dropEffect = isIn(event) ? "copy" : "none";
  };
  const drop = (event) => {
    if (!files(event)) return;
    event.preventDefault();
    if (isIn(event)) take(filesOf(event.dataTransfer));
    end();
  };
  // A picture of the page itself is no file of mine.
  const start = () => (own = true);
  const stop = () => (own = false);
  return [["dragenter", enter], ["dragleave", leave], ["dragover", move], ["drop", drop], ["dragstart", start], ["dragend", stop]];
}

/** Folders come as files that cannot be read. */
function filesOf({ items }) {
  const entries = [...items].filter(({ kind }) => kind === "file").map((item) => [item.getAsFile(), item.webkitGetAsEntry?.()]);
  if (entries.some(([, entry]) => entry?.isDirectory)) toast(say("attach.folder"));
  return entries.filter(([file, entry]) => file && !entry?.isDirectory).map(([file]) => file);
}
