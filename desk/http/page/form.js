// A form from a JSON schema, as the resolution of a work item has one, and its values back out of it.

import { el, words } from "./elements.js";

/** Returns `{node, read}`: the fields, and a function that gives what was filled in, without what was left empty.
 *  `asks` is what the item asks for: missing facts and the lines in question stand there already, and only outcomes that are open. */
export function schemaForm(schema, asks = {}) {
  const defs = schema.$defs ?? {};
  const object = objectField(seeded(schema, asks), defs);
  return { node: el("div.fields", {}, object.node), read: () => object.read() ?? {} };
}

function seeded(schema, asks) {
  const properties = { ...schema.properties };
  if (properties.facts && asks.missing) properties.facts = { ...properties.facts, "x-seed": asks.missing };
  if (properties.lines && asks.lines) properties.lines = { ...properties.lines, "x-seed": asks.lines };
  if (properties.outcome && asks.options) properties.outcome = { enum: asks.options };
  return { ...schema, properties };
}

function field(schema, defs) {
  const plain = resolved(schema, defs);
  if (plain.enum || plain.const !== undefined) return choice(plain.enum ?? [plain.const]);
  switch (plain.type) {
    case "boolean": return flag();
    case "integer":
    case "number": return number(plain);
    case "array": return list(plain, defs);
    case "object": return plain.properties ? objectField(plain, defs) : pairs(plain);
    default: return text(plain);
  }
}

/** Follows references and passes over "or null". */
function resolved(schema, defs) {
  if (schema.$ref) {
    return resolved({ ...defs[schema.$ref.split("/").pop()], ...without(schema, "$ref") }, defs);
  }
  const options = (schema.anyOf ?? []).filter((option) => option.type !== "null");
  if (options.length) return resolved({ ...options[0], ...without(schema, "anyOf") }, defs);
  return schema;
}

function without(schema, name) {
  const { [name]: _, default: __, title: ___, ...rest } = schema;
  return rest;
}

function objectField(schema, defs) {
  const required = new Set(schema.required ?? []);
  const parts = Object.entries(schema.properties ?? {}).map(([name, part]) => [name, labeled(name, part, defs, required.has(name))]);
  parts.sort(([a], [b]) => rank(a, required) - rank(b, required));
  return {
    node: el("div.fields", {}, parts.map(([, part]) => part.node)),
    read() {
      const told = parts.map(([name, part]) => [name, part.read()]).filter(([, value]) => value !== undefined);
      return told.length ? Object.fromEntries(told) : undefined;
    },
  };
}

function rank(name, required) {
  if (name === "outcome") return 0;
  if (name === "note") return 3;
  return required.has(name) ? 1 : 2;
}

function labeled(name, schema, defs, required) {
  const inner = field(schema, defs);
  const caption = el("span.caption", {}, words(name), required ? el("span.needed", { title: "needed" }, " •") : null);
  const hint = schema.description ? el("span.hint", {}, schema.description) : null;
  const tag = inner.single ? "label" : "fieldset";
  const node = inner.single && inner.inline
    ? el("label.inline", {}, inner.node, caption)
    : el(`${tag}.field`, { "data-field": name }, inner.single ? caption : el("legend", {}, caption), inner.node, hint);
  if (required && inner.single && !inner.inline) inner.node.required = true;
  return { node, read: inner.read };
}

function choice(values) {
  const select = el("select", {}, el("option", { value: "" }, "Choose…"),
    values.map((value) => el("option", { value }, words(value))));
  return { node: select, read: () => select.value || undefined, single: true };
}

function flag() {
  const box = el("input", { type: "checkbox" });
  return { node: box, read: () => box.checked || undefined, single: true, inline: true };
}

function number(schema) {
  const input = el("input", { type: "number", step: schema.type === "integer" ? 1 : "any", min: schema.minimum });
  return { node: input, read: () => (input.value === "" ? undefined : Number(input.value)), single: true };
}

function text(schema) {
  if ((schema.maxLength ?? 0) > 400) {
    const area = el("textarea", { rows: 3, maxlength: schema.maxLength });
    return { node: area, read: () => area.value.trim() || undefined, single: true };
  }
  const type = { date: "date", "date-time": "datetime-local" }[schema.format] ?? "text";
  const input = el("input", { type, maxlength: schema.maxLength, autocomplete: "off" });
  const read = () => (type === "datetime-local" && input.value ? new Date(input.value).toISOString() : input.value.trim() || undefined);
  return { node: input, read, single: true };
}

function list(schema, defs) {
  const item = resolved(schema.items ?? {}, defs);
  if (item.enum) return checks(item.enum);
  if (item.type === "object") return lines(item, defs, schema["x-seed"] ?? []);
  const input = el("textarea", { rows: 2, placeholder: "one per line" });
  const read = () => {
    const told = input.value.split("\n").map((line) => line.trim()).filter(Boolean);
    return told.length ? told : undefined;
  };
  return { node: input, read, single: true };
}

function checks(values) {
  const boxes = values.map((value) => el("input", { type: "checkbox", value }));
  const node = el("div.checks", {}, boxes.map((box) => el("label.inline", {}, box, el("span.caption", {}, words(box.value)))));
  const read = () => {
    const told = boxes.filter((box) => box.checked).map((box) => box.value);
    return told.length ? told : undefined;
  };
  return { node, read };
}

function rows(make, caption) {
  const parts = [];
  const body = el("div.rows");
  const add = () => {
    const part = make();
    const drop = el("button.quiet", { type: "button", click: () => { parts.splice(parts.indexOf(part), 1); row.remove(); } }, "Remove");
    const row = el("div.row", {}, part.node, drop);
    parts.push(part);
    body.append(row);
    return part;
  };
  const node = el("div", {}, body, el("button.quiet", { type: "button", click: add }, caption));
  const read = () => {
    const told = parts.map((part) => part.read()).filter((value) => value !== undefined);
    return told.length ? told : undefined;
  };
  return { node, read, add };
}

function lines(item, defs, seeds) {
  const waiting = [...seeds];
  const list = rows(() => {
    const part = field(item, defs);
    const sequence = waiting.shift()?.sequence;
    if (sequence !== undefined) part.node.querySelector('[data-field="sequence"] input').value = sequence;
    return part;
  }, "Add a line");
  seeds.forEach(list.add);
  return list;
}

/** Facts by their path; those that are asked for stand there already. */
function pairs(schema) {
  const asked = schema["x-seed"] ?? [];
  const waiting = [...asked];
  const list = rows(() => pair(waiting.shift() ?? ""), "Add a fact");
  asked.forEach(list.add);
  const read = () => {
    const told = (list.read() ?? []).filter(([path, value]) => path && value !== undefined);
    return told.length ? Object.fromEntries(told) : undefined;
  };
  return { node: list.node, read };
}

function pair(path) {
  const name = el("input", { value: path, readonly: Boolean(path), placeholder: "patient.weight_kg", "aria-label": "Fact" });
  const value = el("input", { placeholder: "value", "aria-label": path ? `Value of ${path}` : "Value", autocomplete: "off" });
  return { node: el("div.pair", {}, name, value), read: () => [name.value.trim(), typed(value.value.trim())] };
}

/** Lists, objects, truth values and quoted text are JSON; all else is text, which the desk reads as the fact's type. */
function typed(written) {
  if (written === "") return undefined;
  if (!/^([[{"]|true$|false$|null$)/.test(written)) return written;
  try { return JSON.parse(written); } catch { return written; }
}
