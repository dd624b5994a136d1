/** The stickers of the panel, pack by pack. */
import { html, useRef } from "../../vendor/preact-htm.js";
import { useT } from "../i18n.js";
import { useStickers } from "../stickers.js";
import { neighbour } from "./grid.js";
import { Spinner } from "./parts.js";

const SIZE_PX = 76;

export function useStickerTab(pick, active) {
  const t = useT();
  const packs = useStickers(active)?.packs;
  const list = useRef();
  const key = (event) => {
    const here = event.target.closest?.("[data-sticker]");
    const next = here && neighbour([...list.current.querySelectorAll("[data-sticker]")], here, event.key);
    if (!next) return;
    next.focus();
    next.scrollIntoView({ block: "nearest" });
    event.preventDefault();
  };
  const click = (event) => {
    const button = event.target.closest("[data-sticker]");
    if (button) pick(button.dataset.sticker);
  };
  const head = html`<h2 class="panel-title">${packs?.length === 1 ? packs[0].title : t("panel.stickers")}</h2>`;
  const body = html`<div class="panel-scroll" ref=${list} onKeyDown=${key} onClick=${click}>
    ${!packs && html`<p class="panel-note"><${Spinner} /></p>`}
    ${packs?.length === 0 && html`<p class="panel-note">${t("panel.stickers.none")}</p>`}
    ${packs?.map(({ pack, title, stickers }, number) => html`<section key=${pack} aria-label=${title}>
      ${packs.length > 1 && html`<h3>${title}</h3>`}
      <div class="sticker-grid">${stickers.map(({ name, url, alt }, index) => html`<button type="button" key=${name} tabindex=${number + index ? -1 : 0} data-sticker=${`${pack}/${name}`} title=${alt} aria-label=${alt}>
        <img src=${url} alt="" width=${SIZE_PX} height=${SIZE_PX} draggable=${false} loading="lazy" decoding="async" />
      </button>`)}</div>
    </section>`)}
  </div>`;
  return { head, body, focus: () => list.current?.querySelector("[data-sticker]")?.focus({ preventScroll: true }) };
}
