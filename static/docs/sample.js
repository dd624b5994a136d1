/** Examples: a value that fits a schema, and a call as one types it. */
import { core, follow } from "./schema.js";

const DEPTH_MAX = 4;

/** Fits a name, a password and a search alike, so that the examples of one after another work. */
const TEXT = "some-text";

/** A value that fits. */
export function sample(document, schema, depth = 0) {
  const { $ref } = core(schema);
  const inner = $ref ? follow(document, { $ref }) : core(schema);
  if (inner.examples) return inner.examples[0];
  if (inner.const !== undefined) return inner.const;
  if (inner.enum) return inner.enum[0];
  if (inner.default !== undefined) return inner.default;
  if (inner.anyOf) return sample(document, inner.anyOf[0], depth);
  if (inner.type === "integer") return Math.max(inner.minimum ?? 0, 1);
  if (inner.type === "boolean") return true;
  if (inner.type === "null") return null;
  if (depth > DEPTH_MAX) return {};
  if (inner.type === "array") return [sample(document, inner.items, depth + 1)];
  if (inner.type === "object") return sampleObject(document, inner, depth);
  return TEXT.padEnd(inner.minLength ?? 0, "-").slice(0, inner.maxLength);
}

/** What may be left out is left out, unless nothing would remain. */
function sampleObject(document, { properties = {}, required = [], additionalProperties }, depth) {
  if (additionalProperties) return { 7: sample(document, additionalProperties, depth + 1) };
  const needed = Object.keys(properties).filter((name) => required.includes(name));
  const shown = needed.length > 0 ? needed : Object.keys(properties);
  return Object.fromEntries(shown.map((name) => [name, sample(document, properties[name], depth + 1)]));
}

/** As one types it in a shell, with a `TOKEN` from a login there. Every program calls itself the one device. */
export function curl({ method, path, token, parameters, answer: { status } }, { json, form, kinds }) {
  if (status === 101) {
    const url = `${location.origin.replace("http", "ws")}${path}`;
    return ["npx wscat", '-H "User-Agent: me"', '-H "token: $TOKEN"', `-c ${url}`].join(" \\\n  ");
  }
  const of = Object.fromEntries(parameters.map((parameter) => [parameter.name, parameter.sample]));
  const place = path.replace(/\{(\w+)\}/g, (_, name) => of[name]);
  const asked = parameters.filter((parameter) => parameter.place === "query" && parameter.required);
  const query = asked.map(({ name, sample }) => `${name}=${sample}`).join("&");
  const verb = method === "get" ? "" : `-X ${method.toUpperCase()} `;
  const parts = [`curl ${verb}"${location.origin}${place}${query && `?${query}`}"`];
  if (of["User-Agent"]) parts.push("-A me");
  if (token) parts.push('-H "token: $TOKEN"');
  if (json) parts.push(`--json '${JSON.stringify(json)}'`);
  else if (form) parts.push(...Object.keys(form.properties).map((name) => `-F ${name}=@picture.png`));
  else if (kinds.length) parts.push(`-H "Content-Type: ${kinds[0]}"`, "--data-binary @picture.png");
  return parts.join(" \\\n  ");
}
