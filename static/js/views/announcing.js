/** In the settings: whether a message is announced by a sound, and by the system. */
import { html, useState } from "../../vendor/preact-htm.js";
import { canNotify, chime, wantNotice, wantSound, wantsNotice, wantsSound } from "../announce.js";
import { useT } from "../i18n.js";
import { Switch } from "./switch.js";

export function Announcing() {
  const t = useT();
  const [sound, setSound] = useState(wantsSound);
  const [notice, setNotice] = useState(wantsNotice);
  const [refused, setRefused] = useState(false);
  const turnSound = () => {
    wantSound(!sound);
    setSound(!sound);
    if (!sound) chime();
  };
  const turnNotice = async () => {
    const on = await wantNotice(!notice);
    setNotice(on);
    setRefused(!notice && !on);
  };
  return html`<section>
    <h3>${t("settings.announcing")}</h3>
    <${Switch} icon="volume-2" label=${t("announce.sound")} on=${sound} turn=${turnSound} />
    ${canNotify() && html`<${Switch} icon="bell" label=${t("announce.notice")} on=${notice} turn=${turnNotice} />`}
    ${refused && html`<p class="form-error" role="alert">${t("announce.refused")}</p>`}
  </section>`;
}
