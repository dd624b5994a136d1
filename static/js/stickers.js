/** The sticker packs: asked for by the first view that shows one, and again in another language. */
import { useEffect } from "../vendor/preact-htm.js";
import { api } from "./api.js";
import { get, set, useConnected, useStore } from "./store.js";

let asked = "";

/** A reaction or a message names a sticker as `pack/name`; no emoji has a stroke in it. */
export function isSticker(emoji) {
  return emoji.includes("/");
}

/** The packs as far as they are known; `needed` asks for them, also when the connection is back. */
export function useStickers(needed) {
  const lang = useStore((state) => state.lang);
  const link = useConnected();
  useEffect(() => {
    if (needed) load(lang);
  }, [needed, lang, link]);
  return useStore((state) => (needed ? state.stickers : null));
}

/** What a sticker says in the reader's language; empty while that is not known. */
export function altOf(name) {
  return get().stickers?.known[name]?.alt ?? "";
}

async function load(lang) {
  const { uid } = get().me;
  const want = `${uid} ${lang}`;
  if (get().stickers?.lang === lang || asked === want) return;
  asked = want;
  try {
    const packs = await api.get("/api/stickers");
    const all = packs.flatMap(({ pack, stickers }) => stickers.map((sticker) => [`${pack}/${sticker.name}`, sticker]));
    if (asked === want && get().me?.uid === uid) set({ stickers: { lang, packs, known: Object.fromEntries(all) } });
  } catch {
    // Without them a message says "[Sticker]"; the next view, or the next connection, asks again.
  } finally {
    if (asked === want) asked = "";
  }
}
