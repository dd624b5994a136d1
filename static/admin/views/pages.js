/** A list that comes by pages: what is there so far, and a button for more. */
import { explain, useT } from "../../js/i18n.js";
import { Spinner } from "../../js/views/parts.js";
import { html, useEffect, useRef, useState } from "../../vendor/preact-htm.js";

/**
 * `load(cursor)` gives `{items, next}`; `key` says which list it is: with another one it begins anew.
 * `change` replaces the items in place, for what was just done to one of them.
 */
export function usePages(key, load) {
  const [state, setState] = useState({ items: [], next: null, busy: true, refusal: null, key });
  const wanted = useRef();
  const fetchPage = async (cursor) => {
    const mine = (wanted.current = Symbol(key));
    setState((before) => ({ ...before, busy: true, refusal: null }));
    try {
      const page = await load(cursor);
      if (wanted.current !== mine) return;
      setState((before) => ({ items: cursor ? [...before.items, ...page.items] : page.items, next: page.next, busy: false, refusal: null, key }));
    } catch (refusal) {
      if (wanted.current === mine) setState((before) => ({ ...before, busy: false, refusal }));
    }
  };
  useEffect(() => {
    fetchPage(null);
    return () => (wanted.current = null);
  }, [key]);
  return {
    ...state,
    more: () => fetchPage(state.next),
    again: () => fetchPage(null),
    change: (items) => setState((before) => ({ ...before, items: items(before.items) })),
  };
}

/** What stands below a list: that it comes, that there is nothing, that it failed, or the button. */
export function Rest({ pages, none }) {
  const t = useT();
  const { busy, refusal, items, next, more, again } = pages;
  if (refusal) {
    return html`<p class="form-error rest" role="alert">${explain(refusal)} <button type="button" class="link-button" onClick=${items.length ? more : again}>${t("retry")}</button></p>`;
  }
  if (busy) return html`<p class="waiting"><${Spinner} /></p>`;
  if (!items.length) return html`<p class="nothing">${none}</p>`;
  return next ? html`<p class="rest"><button type="button" class="button" onClick=${more}>${t("list.older")}</button></p>` : null;
}
