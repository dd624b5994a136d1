/** A voice message: play, its waveform to be moved in, how fast; a dot until it was played on this device. */
import { html, useEffect, useState } from "../../vendor/preact-htm.js";
import { t } from "../i18n.js";
import { lengthText } from "../media.js";
import { isUnplayed, keyOf } from "../played.js";
import { leave, nextRate, placeOf, rate, seek, toggle } from "../player.js";
import { useStore } from "../store.js";
import { Icon } from "./parts.js";
import { Progress } from "./progress.js";
import { Waveform } from "./waveform.js";

export function Voice({ message, entry }) {
  const { id, meta } = message;
  const playing = useStore((state) => (state.playing?.key === keyOf(message) ? state.playing : null));
  const unplayed = useStore((state) => isUnplayed(message, state));
  const [place, setPlace] = usePlace(message, playing?.on);
  const [, changed] = useState(0);
  useEffect(() => () => leave(message), [message.seq]);
  const length = lengthText(meta.duration);
  const move = (seconds) => {
    seek(message, seconds);
    setPlace(placeOf(message));
  };
  const faster = () => {
    nextRate();
    changed(rate());
  };
  const on = Boolean(playing?.on);
  return html`<div class="voice">
    ${entry?.state === "making"
      ? html`<${Progress} id=${id} name=${t("voice.message")} />`
      : html`<button type="button" class="voice-play" disabled=${!message.seq} aria-label=${t(on ? "voice.pause" : "voice.play", { length })} onClick=${() => toggle(message)}><${Icon} name=${on ? "pause" : "play"} /></button>`}
    <div class="voice-text">
      <${Waveform} levels=${meta.waveform} place=${place} length=${meta.duration / 1000} move=${message.seq ? move : null} press=${() => toggle(message)} />
      <div class="voice-line">
        <span class="voice-time">${place > 0 || playing ? `${lengthText(Math.floor(place) * 1000)} / ${length}` : length}</span>
        ${unplayed && html`<span class="unplayed" role="img" aria-label=${t("voice.unplayed")} title=${t("voice.unplayed")}></span>`}
        ${playing && html`<button type="button" class="voice-rate" aria-label=${t("voice.rate", { rate: rate() })} title=${t("voice.rate", { rate: rate() })} onClick=${faster}>${rate()}×</button>`}
      </div>
    </div>
  </div>`;
}

/** Where it stands, in seconds: looked at in each frame while it plays. */
function usePlace(message, on) {
  const [place, setPlace] = useState(() => placeOf(message));
  useEffect(() => {
    setPlace(placeOf(message));
    if (!on) return undefined;
    let frame;
    const look = () => {
      setPlace(placeOf(message));
      frame = requestAnimationFrame(look);
    };
    look();
    return () => cancelAnimationFrame(frame);
  }, [on, message.seq]);
  return [place, setPlace];
}
