/**
 * Brings the icons into the page once. A `<use>` of another file is fetched whenever a new icon appears,
 * and the icons that speak of a lost network appear without one.
 */
import { file } from "./files.js";

export function loadSprite() {
  const request = new XMLHttpRequest(); // parses into a document by itself, so no text becomes markup here
  request.open("GET", file("vendor/icons.svg"));
  request.responseType = "document";
  request.onload = () => {
    const sprite = document.importNode(request.responseXML.documentElement, true);
    sprite.setAttribute("class", "sprite");
    sprite.setAttribute("aria-hidden", "true");
    document.body.append(sprite);
  };
  request.send();
}
