// The API as /openapi.json describes it.

import { el, words } from "./elements.js";

const { info, paths, components } = await (await fetch("/openapi.json")).json();
const operations = Object.entries(paths).flatMap(([path, methods]) =>
  Object.entries(methods).map(([method, operation]) => ({ path, method, ...operation })));
const byTag = Map.groupBy(operations, (operation) => operation.tags?.[0] ?? "other");

document.querySelector("main").append(
  el("div.heading", {}, el("h1", {}, `${info.title} API`), el("a", { href: "/openapi.json" }, "openapi.json")),
  el("p.faint", {}, info.summary ?? ""),
  ...[...byTag].map(([tag, all]) => el("section.card", {}, el("h2", {}, words(tag)), all.map(shown))));

function shown({ path, method, description, parameters = [], requestBody }) {
  const inputs = parameters.filter((each) => each.in !== "path").map((each) => each.name).join(", ");
  const schema = Object.values(requestBody?.content ?? {})[0]?.schema;
  return el("details", {},
    el("summary", {}, el("span.badge", {}, method.toUpperCase()), " ", el("code", {}, path)),
    el("p", {}, description ?? ""),
    inputs ? el("p.faint", {}, `Parameters: ${inputs}`) : null,
    schema ? el("pre", {}, JSON.stringify(schema.$ref ? components.schemas[schema.$ref.split("/").pop()] : schema, null, 2)) : null);
}
