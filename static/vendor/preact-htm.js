import htm from "./htm.js";
import { h } from "./preact.js";
export { Component, render } from "./preact.js";
export * from "./preact-hooks.js";
export const html = htm.bind(h);
