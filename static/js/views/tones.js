/** The tone of skin that hands and people are shown in: a hand that opens into six. */
import { html, useEffect, useRef, useState } from "../../vendor/preact-htm.js";
import { useT } from "../i18n.js";

const HANDS = ["✋", "✋🏻", "✋🏼", "✋🏽", "✋🏾", "✋🏿"];

export function Tones({ tone, choose }) {
  const t = useT();
  const [open, setOpen] = useState(false);
  const opener = useRef();
  const choice = useRef();
  useEffect(() => {
    if (open) choice.current.querySelector('[aria-checked="true"]').focus();
  }, [open]);
  const shut = () => {
    setOpen(false);
    opener.current.focus();
  };
  const key = (event) => {
    const step = { ArrowLeft: -1, ArrowUp: -1, ArrowRight: 1, ArrowDown: 1 }[event.key];
    if (event.key === "Escape") shut();
    else if (step) {
      const all = [...event.currentTarget.children];
      all.at((all.indexOf(document.activeElement) + step) % all.length).focus();
    } else return;
    event.preventDefault();
    event.stopPropagation();
  };
  const label = t("panel.tone.now", { tone: t(`tone.${tone}`) });
  return html`<div class="tones">
    <button ref=${opener} type="button" class="tone" aria-label=${label} title=${label} aria-haspopup="true" aria-expanded=${open} onClick=${() => setOpen(!open)}>${HANDS[tone]}</button>
    ${open && html`<div class="tone-choice" role="radiogroup" ref=${choice} aria-label=${t("panel.tone")} onKeyDown=${key}>
      ${HANDS.map((hand, index) => html`<button type="button" class="tone" role="radio" key=${hand} aria-checked=${index === tone} aria-label=${t(`tone.${index}`)} title=${t(`tone.${index}`)}
        onClick=${() => (choose(index), shut())}>${hand}</button>`)}
    </div>`}
  </div>`;
}
