/** The devices on which I am signed in; any but this one can be signed out. */
import { html, useEffect, useState } from "../../vendor/preact-htm.js";
import { api } from "../api.js";
import { explain, useT } from "../i18n.js";
import { pastRenewal } from "../renewal.js";
import { useConnected, useStore } from "../store.js";
import { full } from "../time.js";
import { Icon } from "./parts.js";

/** In this order: most browsers also call themselves Safari, and Edge also Chrome. */
const BROWSERS = [
  ["Edg", "Edge"], ["OPR", "Opera"], ["SamsungBrowser", "Samsung Internet"], ["Firefox", "Firefox"],
  ["Chrome", "Chrome"], ["CriOS", "Chrome"], ["Safari", "Safari"],
];
const SYSTEMS = [
  ["iPhone", "iPhone"], ["iPad", "iPad"], ["Android", "Android"], ["Windows", "Windows"], ["Mac OS", "macOS"], ["Linux", "Linux"],
];

/** A User-Agent as people would say it; one that is no browser's stays as it is. */
export function deviceName(device) {
  const agent = device.replace(/ #[\w-]+$/, "");
  const named = (table) => table.find(([sign]) => agent.includes(sign))?.[1];
  const [browser, system] = [named(BROWSERS), named(SYSTEMS)];
  return browser && system ? `${browser} · ${system}` : agent;
}

export function Devices() {
  const t = useT();
  const changed = useStore((state) => state.sessionsChanged);
  const [devices, setDevices] = useState([]);
  const [refusal, setRefusal] = useState(null);
  const attempt = (call) => call.then(() => setRefusal(null), setRefusal);
  const connected = useConnected();
  const load = () => attempt(pastRenewal((options) => api.get("/api/user/sessions", options)).then(setDevices));
  useEffect(() => {
    if (connected || !devices.length) load();
  }, [changed, connected]);
  const end = (id) => attempt(api.delete(`/api/user/sessions/${encodeURIComponent(id)}`).then(load));
  return html`<section>
    <h3>${t("settings.devices")}</h3>
    ${refusal && html`<p class="form-error" role="alert">${explain(refusal)}</p>`}
    <ul class="items">${devices.map(({ id, device, current, seen_at, online }) => html`<li key=${id}>
      <${Icon} name=${/iPhone|Android|Mobile/.test(device) ? "smartphone" : "monitor"} />
      <span class="grow two-lines">
        <span>${deviceName(device)}</span>
        <span class=${`muted ${online ? "online" : ""}`}>${current ? t("device.this") : online ? t("online") : t("device.seen", { time: full(seen_at) })}</span>
      </span>
      ${!current && html`<button type="button" class="button slim" onClick=${() => end(id)}>${t("signout")}</button>`}
    </li>`)}</ul>
  </section>`;
}
