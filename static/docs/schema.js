/** What a JSON schema says, for people to read: its type, its rules, what it refers to. */

/** The schema itself, where it only names another. */
export function follow(document, schema) {
  if (!schema.$ref) return schema;
  const target = schema.$ref.split("/").slice(1).reduce((place, name) => place[name], document);
  return { ...target, ...schema, $ref: undefined };
}

/** What a schema is besides null. */
export function core(schema) {
  const others = schema.anyOf?.filter(({ type }) => type !== "null");
  if (others?.length === 1) return { ...schema, ...others[0], anyOf: undefined };
  if (Array.isArray(schema.type)) return { ...schema, type: schema.type.find((type) => type !== "null") };
  return schema;
}

/** A type for people to read: `{name}`, `{list: type}`, `{map: type}` or `{any: [type]}`, and whether null may be. */
export function typeOf(schema) {
  const inner = core(schema);
  const nullable = inner !== schema;
  if (inner.$ref) return { name: inner.$ref.split("/").at(-1), nullable };
  if (inner.anyOf) {
    const others = inner.anyOf.filter(({ type }) => type !== "null");
    return { any: others.map(typeOf), nullable: others.length < inner.anyOf.length };
  }
  if (inner.type === "array") return { list: typeOf(inner.items), nullable };
  if (inner.additionalProperties) return { map: typeOf(inner.additionalProperties), nullable };
  if (inner.format === "binary") return { name: "file", nullable };
  return { name: inner.type ?? typeof (inner.const ?? inner.enum?.[0]), nullable };
}

/** Rules by the keys of their texts, with the values that stand in these. */
export function rulesOf(schema) {
  const { minimum, maximum, minLength, maxLength, maxItems, pattern, enum: words, const: only, default: usual } = schema;
  const rules = [];
  if (words) rules.push({ key: "rule.one", words: words.filter((word) => word !== null) });
  if (only !== undefined) rules.push({ key: "rule.one", words: [only] });
  if (maximum < Number.MAX_SAFE_INTEGER) rules.push({ key: "rule.range", low: minimum, high: maximum });
  else if (minimum !== undefined) rules.push({ key: "rule.from", low: minimum });
  if (maxLength !== undefined) {
    rules.push({ key: minLength ? "rule.length" : "rule.to", low: minLength, high: maxLength });
  }
  if (maxItems !== undefined) rules.push({ key: "rule.items", high: maxItems });
  if (pattern?.startsWith("^[^\\x00")) rules.push({ key: "rule.controls" });
  else if (pattern) rules.push({ pattern });
  if (usual !== undefined) rules.push({ key: "rule.default", value: JSON.stringify(usual) });
  return rules;
}
