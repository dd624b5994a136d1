/** Each board: the views of the page in states that a person meets, and what of the state is its own. */
import { html } from "/static/vendor/preact-htm.js";
import { get } from "/static/js/store.js";
import { Bar } from "/static/js/views/bar.js";
import { Details } from "/static/js/views/details.js";
import { Deletion } from "/static/js/views/deletion.js";
import { Dialogs } from "/static/js/views/dialogs.js";
import { Field } from "/static/js/views/field.js";
import { List } from "/static/js/views/list.js";
import { Menu } from "/static/js/views/menu.js";
import { Panel } from "/static/js/views/panel.js";
import { Avatar, Icon, IconButton, Spinner } from "/static/js/views/parts.js";
import { RecordingBar, SendVoice } from "/static/js/views/recording.js";
import { Settings } from "/static/js/views/settings.js";
import { SignIn } from "/static/js/views/signin.js";
import { Thread } from "/static/js/views/thread.js";
import { Toast } from "/static/js/views/toast.js";
import { Viewer } from "/static/js/views/viewer.js";
import { MEI, NOON, TEA } from "./state.js";

const nothing = () => {};
const at = (conv) => ({ route: { name: "chat", conv } });
const dialog = (asked) => ({ view: () => html`<${Dialogs} />`, dialog: asked });

export const boards = {
  group: { view: () => html`<${Thread} conv=${TEA} />`, ...at(TEA) },
  single: { view: () => html`<${Thread} conv=${MEI} />`, ...at(MEI), drafts: { [MEI]: { text: "An answer", reply_to: 1 } }, blocked: [2] },
  silenced: { view: () => html`<${Bar} /><${Thread} conv="g10" /><${Toast} />`, ...at("g10"), network: false, toast: { text: "Copied", at: 1 }, outbox: {} },
  list: { view: () => html`<${List} />`, ...at(MEI), listed: true },
  empty: { view: () => html`<${List} />`, listed: true, convs: {} },
  waiting: { view: () => html`<${List} />` },
  menu: { view: () => html`<${Menu} ...${menued()} />`, ...at(TEA) },
  emoji: { view: () => html`<${Panel} at=${{ x: 20, y: 20 }} close=${nothing} />` },
  recording: { view: Recording },
  viewer: { view: () => html`<${Viewer} conv=${MEI} seq=${2} close=${nothing} />` },
  details: { view: () => html`<${Details} conv=${get().convs[TEA]} />` },
  profile: dialog({ name: "profile", uid: 4 }),
  newgroup: dialog({ name: "newgroup" }),
  readers: dialog({ name: "readers", conv: TEA, seq: 7 }),
  question: dialog({ name: "confirm", ask: "kick", values: { name: "Lin Mei" }, act: nothing }),
  ended: dialog({ name: "ended", reason: "superseded" }),
  deletion: { view: () => html`<${Deletion} close=${nothing} />` },
  settings: { view: () => html`<${Settings} close=${nothing} />` },
  door: { view: () => html`<${SignIn} />`, phase: "out" },
  parts: { view: Parts, parts: true },
};

function menued() {
  const message = { ...get().threads[TEA].items[6], time: NOON };
  return { message, mine: true, readers: 2, conv: get().convs[TEA], onMenu: nothing, close: nothing, x: 40, y: 40 };
}

/** Loud and quiet in turn, and little time left. */
function Recording() {
  const levels = Array.from({ length: 90 }, (_, index) => Math.abs(Math.sin(index / 5)));
  const recording = { ms: 53_000, most: 60_000, levels };
  return html`<footer class="composer"><div class="composer-line recording"><${RecordingBar} recording=${recording} /><${SendVoice} recording=${recording} /></div></footer>`;
}

const SIZES = ["tiny", "small", "", "large"];

function Parts() {
  return html`
    <div class="cells">${SIZES.map((size) => html`<${Avatar} uid=${2} name="Lin Mei" size=${size} online=${true} />`)}
      <${Avatar} uid=${7} name="Tea" group=${true} /><${Avatar} uid=${1} name="" notes=${true} /><${Avatar} uid=${3} name="" picture="landscape" /></div>
    <div class="cells">${[0, 1, 2, 3, 4, 5, 6, 7].map((uid) => html`<${Avatar} uid=${uid} name=${"约翰"} size="small" />`)}</div>
    <div class="cells"><button class="button primary">Primary</button><button class="button">Plain</button><button class="button danger">Danger</button></div>
    <div class="cells"><button class="button primary" disabled>Primary</button><button class="button" disabled>Plain</button><button class="button slim">Slim</button><button class="link-button">Link</button></div>
    <div class="cells"><${IconButton} icon="settings" label="Settings" /><${Icon} name="check-check" /><${Spinner} />
      <span class="badge">3</span><span class="badge">99+</span><span class="badge quiet">7</span><span class="badge called">@</span>
      <span class="switch"></span><span class="switch on"></span><span class="role owner">owner</span><span class="role">admin</span></div>
    <div class="segments"><label class="on">One</label><label>Two</label><label>Three</label></div>
    <${Field} name="plain" label="A field" value="with a value" hint="and a hint" />
    <${Field} name="wrong" label="A field" value="with a wrong value" error="This is not allowed." />
    <${Field} name="secret" label="A password" value="secret" type="password" />
  `;
}
