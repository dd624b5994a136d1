/** For views that lie over the page: the browser's step back closes the topmost one. */
import { useLayoutEffect, useRef } from "../../vendor/preact-htm.js";
import { cover } from "../covers.js";

/** @param {boolean} wanted  false for one that is a place of the page itself, or is not open */
export function useCover(close, wanted = true) {
  const latest = useRef();
  latest.current = close;
  useLayoutEffect(() => (wanted ? cover(() => latest.current()) : undefined), [wanted]);
}
