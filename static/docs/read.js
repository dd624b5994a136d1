/** Reads the description: calls by their rooms, as the views draw them. */
import { curl, sample } from "./sample.js";
import { core, follow, rulesOf, typeOf } from "./schema.js";

const METHODS = ["get", "post", "put", "patch", "delete"];

/** `{info, rooms: [{name, text, calls}]}` of an OpenAPI document. */
export function read(document) {
  const calls = Object.entries(document.paths).flatMap(([path, verbs]) =>
    METHODS.filter((method) => verbs[method]).map((method) => call(document, path, method, verbs[method])),
  );
  const rooms = document.tags.map(({ name, description }) => ({
    name,
    text: description,
    calls: calls.filter((each) => each.room === name),
  }));
  return { info: document.info, rooms };
}

function call(document, path, method, said) {
  const answers = Object.entries(said.responses).map(([status, response]) => answer(document, Number(status), response));
  const taken = said.requestBody?.content ?? {};
  const json = taken["application/json"]?.schema;
  const form = json ?? taken["multipart/form-data"]?.schema;
  const found = {
    id: said.operationId,
    room: said.tags[0],
    method,
    path,
    summary: said.summary,
    text: said.description,
    token: said.security.length > 0,
    parameters: said.parameters.map((parameter) => parameterOf(document, follow(document, parameter))),
    body: form && fieldsOf(document, form),
    answer: answers.find(({ status }) => status < 300),
    also: answers.filter(({ status }) => status >= 300 && status < 400),
    refusals: answers.filter(({ status }) => status >= 400),
  };
  found.example = curl(found, { json: json && sample(document, json), form, kinds: Object.keys(taken) });
  return found;
}

function answer(document, status, { description, content = {} }) {
  const [media] = Object.keys(content);
  const data = content[media]?.schema?.properties?.data;
  return {
    status,
    media,
    words: [...description.matchAll(/^- `(\w+)`: (.*)$/gm)].map(([, word, text]) => ({ word, text })),
    text: description,
    data: data && fieldOf(document, "data", data),
    sample: data && { status, msg: "OK", data: sample(document, data), error: "" },
  };
}

function parameterOf(document, { name, in: place, required = false, description = "", schema }) {
  return {
    name,
    place,
    required,
    text: description,
    type: typeOf(schema),
    rules: rulesOf(schema),
    fields: [],
    sample: sample(document, schema),
  };
}

function fieldsOf(document, schema, seen = []) {
  const { properties = {}, required = [] } = follow(document, schema);
  return Object.entries(properties).map(([name, each]) => ({
    ...fieldOf(document, name, each, seen),
    required: required.includes(name),
  }));
}

/** One field; `fields` are those of the object that it holds, alone or many times, unless it holds itself. */
function fieldOf(document, name, schema, seen = []) {
  const inner = core(schema);
  const inside = inner.type === "array" ? core(inner.items) : (inner.additionalProperties ?? inner);
  const known = inside.$ref && seen.includes(inside.$ref);
  return {
    name,
    text: schema.description ?? "",
    type: typeOf(schema),
    rules: rulesOf(inner),
    fields: known ? [] : fieldsOf(document, inside, inside.$ref ? [...seen, inside.$ref] : seen),
  };
}
