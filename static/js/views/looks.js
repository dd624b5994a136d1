/** How the page looks, to be chosen before anybody is signed in as well: its language and its theme. */
import { html } from "../../vendor/preact-htm.js";
import { LANGUAGES, chooseLanguage, useT } from "../i18n.js";
import { useStore } from "../store.js";
import { THEMES, chooseTheme } from "../theme.js";
import { IconButton } from "./parts.js";

const THEME_ICONS = { system: "sun-moon", light: "sun", dark: "moon" };

export function Looks() {
  const t = useT();
  const lang = useStore((state) => state.lang);
  const theme = useStore((state) => state.theme);
  const next = THEMES[(THEMES.indexOf(theme) + 1) % THEMES.length];
  return html`
    ${LANGUAGES.map(
      (choice) => html`<button type="button" class="link-button" lang=${choice.lang} aria-pressed=${choice.lang === lang} onClick=${() => chooseLanguage(choice.lang)}>
        ${choice.name}
      </button>`,
    )}
    <${IconButton} icon=${THEME_ICONS[theme]} label=${t("labelled", { label: t("settings.theme"), value: t(`theme.${theme}`) })} onClick=${() => chooseTheme(next)} />
  `;
}
