/** Views that are fetched after the first load: few visits need them at once, and each would make that heavier. */
import { html, useEffect, useState } from "../../vendor/preact-htm.js";
import { complain } from "../acts.js";
import { fetchDoor } from "../inside.js";
import { fetchSheet } from "../sheets.js";
import { fetchWays } from "../uploads.js";

const fetches = [fetchDoor, fetchWays, async () => (await import("../focus.js")).keepFocus()];

/** Whether they have been fetched: those that register later are within others, and are fetched at once. */
let idle = false;

/** What does not come is asked for again when it is wanted. */
function ahead(fetched) {
  fetched().catch(() => {});
}

/** After this at the latest, for a browser may never be idle, or not tell. */
const IDLE_MS = 4_000;

/**
 * A view in the place of one that is not there yet: `meanwhile` is shown, and it is closed where that cannot be
 * fetched.
 * @param {() => Promise<Function>} fetchView  the same view each time
 * @param {{styles?: string[], meanwhile?: object}} options  the style sheets that it needs besides
 */
export function later(fetchView, { styles = [], meanwhile = null } = {}) {
  let known = null;
  const fetched = async () => {
    const [view] = await Promise.all([fetchView(), ...styles.map(fetchSheet)]);
    return (known = view);
  };
  fetches.push(fetched);
  if (idle) ahead(fetched);
  return function Later(props) {
    const [View, setView] = useState(() => known);
    useEffect(() => {
      if (View) return;
      fetched().then(
        (view) => setView(() => view),
        () => {
          props.close();
          complain({ error: "unreachable" });
        },
      );
    }, []);
    return View ? html`<${View} ...${props} />` : meanwhile;
  };
}

/** Has all of them at hand when nothing else is to be done, so that they open without a network too. */
export function fetchAll() {
  const act = () => {
    idle = true;
    fetches.forEach(ahead);
  };
  if (globalThis.requestIdleCallback) requestIdleCallback(act, { timeout: IDLE_MS });
  else setTimeout(act, IDLE_MS);
}
