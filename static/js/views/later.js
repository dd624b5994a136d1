/** Views that are fetched when they are first wanted: few visits need them, and each makes the first load heavier. */
import { html, useEffect, useState } from "../../vendor/preact-htm.js";
import { complain } from "../acts.js";

/**
 * A view in the place of one that is not there yet: `meanwhile` is shown, and it is closed where that cannot be
 * fetched.
 * @param {() => Promise<Function>} fetchView  the same view each time
 */
export function later(fetchView, meanwhile = null) {
  return function Later(props) {
    const [View, setView] = useState(null);
    useEffect(() => {
      fetchView().then(
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
