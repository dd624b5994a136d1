/** What stands in front of the page: the browser's own dialog keeps the focus inside and gives it back. */
import { useEffect, useState } from "../../vendor/preact-htm.js";
import { get, set } from "../store.js";

/** Shows `box`, a dialog, as long as it is drawn. @returns how many are in front of the page with it */
export function useFront(box) {
  const [level] = useState(() => get().fronts + 1);
  useEffect(() => {
    const dialog = box.current;
    const opener = document.activeElement;
    dialog.showModal();
    set({ fronts: get().fronts + 1 });
    return () => {
      set({ fronts: get().fronts - 1 });
      dialog.close();
      opener?.focus?.({ preventScroll: true });
    };
  }, []);
  return level;
}
