"use strict";
/* The simulator's page. It says what the person does, draws what came back, and never puts text in as HTML. */
const $ = (id) => document.getElementById(id);
const ZONE = { timeZone: "America/Lima" };
const KEPT = 200;
const MOST_BUTTONS = 3, MOST_ROWS = 10; // WhatsApp: quick replies beside a bubble, rows of a list
const EXAMPLES = ["¿Cómo saco el carné de extranjería?", "me botaron y no me pagaron", "¿mi título sirve en el Perú?", "¿qué ferias hay?"];
const STATUS = {
  queued: ["i-clock", "en cola"], sent: ["i-tick", "enviado"], delivered: ["i-ticks", "entregado"],
  read: ["i-ticks", "leído"], failed: ["i-warn", "no salió"], unknown: ["i-warn", "no se sabe si llegó"],
};
const NAMES = {
  topic: "tema en mano", greeted: "saludada", offered: "opciones ofrecidas", trail: "camino", parked: "en espera", flow: "flujo", step: "paso",
  data: "datos del flujo", kept: "guardado a pedido", misses: "sin entender", channel: "canal", language: "idioma", since: "desde", wish: "avisos pedidos",
  consents: "consentimientos", regions: "regiones", sectors: "rubros", modes: "modalidad", min_pay: "sueldo mínimo", frequency: "frecuencia",
  alerts: "vacantes", fairs: "ferias", given: "dado", at: "cuándo", words: "palabras",
};
let channel = "telegram", busy = 0, turn = 0;
let chats = empty();

function empty() { return { telegram: { last: "0", items: [] }, whatsapp: { last: "0", items: [] } }; }
function person() { return $("person").value.trim() || "ana"; }
function keep() {
  try { sessionStorage.setItem("rumbo " + person(), JSON.stringify(chats)); } catch { /* a private window: nothing is kept */ }
}
function recall() {
  try { chats = JSON.parse(sessionStorage.getItem("rumbo " + person())) || empty(); } catch { chats = empty(); }
}
async function ask(path, body) {
  const how = body ? { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) } : {};
  const answer = await fetch("/simulator/api/" + path, how);
  const told = await answer.json();
  if (!answer.ok) throw new Error((told.errors || [{ reason: told.error }]).map((e) => `${e.field || ""} ${e.reason}`.trim()).join("; "));
  return told;
}
function make(tag, className = "", ...inside) {
  const out = document.createElement(tag);
  if (className) out.className = className;
  out.append(...inside);
  return out;
}
function icon(name, className = "icon") {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  const use = document.createElementNS("http://www.w3.org/2000/svg", "use");
  svg.setAttribute("class", className);
  svg.setAttribute("aria-hidden", "true");
  use.setAttribute("href", "#" + name);
  svg.append(use);
  return svg;
}

/* -- words as nodes ------------------------------------------------------------------------------------------ */
const OURS = /\*\*([^*]+)\*\*|\[([^\]]+)\]\((https?:[^)\s]+)\)|(https?:\/\/[^\s)]*[^\s).,;:!?])/g;
const WHATSAPP = /\*([^*\n]+)\*|()()(https?:\/\/[^\s)]*[^\s).,;:!?])/g;
function rich(text, pattern) {
  const out = document.createDocumentFragment();
  let at = 0;
  for (const found of text.matchAll(pattern)) {
    out.append(text.slice(at, found.index));
    if (found[1]) out.append(make("b", "", found[1]));
    else {
      const link = make("a", "", found[2] || found[4]);
      Object.assign(link, { href: found[3] || found[4], target: "_blank", rel: "noopener noreferrer" });
      out.append(link);
    }
    at = found.index + found[0].length;
  }
  out.append(text.slice(at));
  return out;
}
function words(item) {
  const bodies = (item.calls || []).map((call) => call.Body).filter(Boolean);
  if (item.channel === "whatsapp" && bodies.length) return rich(bodies.join("\n\n"), WHATSAPP);
  return rich(item.text.replace(/^- /gm, "• "), OURS);
}
const hour = (iso) => new Date(iso).toLocaleTimeString("es-PE", { hour: "2-digit", minute: "2-digit", hour12: false, ...ZONE });
const day = (iso) => new Date(iso).toLocaleDateString("es-PE", { weekday: "long", day: "numeric", month: "long", ...ZONE });

/* -- the chat ------------------------------------------------------------------------------------------------ */
function meta(item) {
  const [picture, told] = STATUS[item.status] || STATUS.unknown;
  const out = make("span", "meta " + item.status, hour(item.at));
  out.append(icon(picture, "tick"));
  out.setAttribute("role", "img");
  out.setAttribute("aria-label", `${hour(item.at)}, ${told}`);
  out.title = told;
  if (item.id) out.dataset.id = item.id;
  return out;
}
function part(name, text, link) {
  const out = make(link ? "a" : "span", "part", icon(name), text);
  if (link) Object.assign(out, { href: link, target: "_blank", rel: "noopener noreferrer" });
  return out;
}
function key(choice, title, picture) {
  const button = make("button", "", ...(picture ? [icon(picture)] : []), title);
  button.type = "button";
  button.addEventListener("click", () => say({ choice: choice.id }, choice.title));
  return button;
}
function keyboard(item) {
  if (!item.choices.length) return null;
  if (item.channel === "telegram") {
    const call = item.calls.find((one) => one.reply_markup && one.reply_markup.inline_keyboard);
    const rows = call ? call.reply_markup.inline_keyboard.map((row) => row.map((k) => [{ id: k.callback_data, title: k.text.replace(/^\d+\. /, "") }, k.text])) : [];
    return rows.length ? make("div", "keys", ...rows.map((row) => make("div", "row", ...row.map(([c, title]) => key(c, title))))) : null;
  }
  if (item.choices.length <= MOST_BUTTONS) return make("div", "keys", ...item.choices.map((c) => key(c, c.title, "i-reply")));
  if (item.choices.length > MOST_ROWS) return null; // only digits work there
  const button = make("button", "", icon("i-list"), "Ver opciones");
  button.type = "button";
  button.setAttribute("aria-haspopup", "dialog");
  button.addEventListener("click", () => openSheet(item.choices, button));
  return make("div", "keys", button);
}
function node(item) {
  if (item.kind === "note") return make("li", "note" + (item.bad ? " bad" : ""), item.text);
  if (item.kind === "me") return make("li", "me", make("div", "bubble", make("span", "said", item.text), meta(item)));
  const bubble = make("div", "bubble", words(item));
  if (item.document) bubble.append(part("i-file", item.document.filename, item.document.link));
  if (item.place) bubble.append(part("i-pin", item.place.title, `https://www.openstreetmap.org/?mlat=${item.place.latitude}&mlon=${item.place.longitude}#map=17/${item.place.latitude}/${item.place.longitude}`));
  bubble.append(meta(item));
  const li = make("li", "bot", bubble);
  const keys = keyboard(item);
  if (keys) li.append(keys);
  return li;
}
function hello() {
  const keys = make("div", "keys", ...EXAMPLES.map((text) => {
    const button = make("button", "", text);
    button.type = "button";
    button.addEventListener("click", () => say({ text }, text));
    return button;
  }));
  return make("li", "hello", make("b", "", "Escribe como lo haría una persona"), make("p", "", "O prueba con una de estas:"), keys);
}
function append(item, items) {
  const before = items[items.indexOf(item) - 1];
  if (!before) $("chat").replaceChildren();
  if (item.at && (!before || !before.at || day(before.at) !== day(item.at))) $("chat").append(make("li", "day", day(item.at)));
  $("chat").append(node(item));
}
function newest(where) { return chats[where].items.findLast((item) => item.kind === "bot"); }
function down() { $("chat").scrollTop = $("chat").scrollHeight; }
function draw() {
  const { items } = chats[channel];
  $("chat").replaceChildren(...(items.length ? [] : [hello()]));
  for (const item of items) append(item, items);
  down();
  told(newest(channel));
}
function put(item, where) {
  const chat = chats[where];
  chat.items.push(item);
  if (chat.items.length > KEPT) chat.items.splice(0, chat.items.length - KEPT);
  if (where === channel) { append(item, chat.items); down(); }
  keep();
}
function told(item) {
  $("article").replaceChildren("—");
  if (item && item.article) {
    const link = make("a", "", item.article);
    Object.assign(link, { href: "/a/" + item.article, target: "_blank", rel: "noopener" });
    $("article").replaceChildren(link);
  }
  const size = item ? [...item.text].length : 0;
  $("size").textContent = item ? `${size} de 1024 caracteres` : "—";
  $("meter").value = size;
  $("delivery").textContent = item ? (STATUS[item.status] || STATUS.unknown)[1] : "—";
  $("calls").textContent = item ? JSON.stringify(item.calls, null, 1) : "—";
}

/* -- the server ---------------------------------------------------------------------------------------------- */
function clock(iso) {
  $("wall").textContent = hour(iso);
  $("now").dateTime = iso;
  $("now").textContent = new Date(iso).toLocaleString("es-PE", { weekday: "short", day: "numeric", month: "short", year: "numeric", hour: "2-digit", minute: "2-digit", hour12: false, ...ZONE });
  $("now").dataset.iso = iso;
}
async function look(wait) {
  const where = channel, who = person(), mine = chats;
  const got = await ask(`screen?channel=${where}&person=${encodeURIComponent(who)}&after=${mine[where].last}${wait ? "&wait=1" : ""}`);
  if (mine !== chats) return; // another person was chosen meanwhile
  clock(got.now);
  for (const bubble of got.bubbles) {
    if (BigInt(bubble.id) <= BigInt(mine[where].last)) continue;
    mine[where].last = bubble.id;
    const item = { kind: "bot", channel: where, ...bubble };
    put(item, where);
    if (where === channel) told(item);
  }
  for (const one of got.all) {
    const item = mine[where].items.find((known) => known.id === one.id);
    if (!item || item.status === one.status) continue;
    item.status = one.status;
    const old = document.querySelector(`.meta[data-id="${one.id}"]`);
    if (old) old.replaceWith(meta(item));
    if (where === channel && item === newest(where)) $("delivery").textContent = STATUS[item.status][1];
  }
}
function tree(value, name = "") {
  if (value === null || value === undefined || value === "" || (Array.isArray(value) && !value.length)) return make("span", "none", "—");
  if (name === "offered") return make("ol", "", ...value.map(([id, title]) => make("li", "", title, make("code", "none", id))));
  if (Array.isArray(value)) return make("ol", "", ...value.map((one) => make("li", "", tree(one))));
  if (typeof value === "object") {
    const rows = Object.entries(value);
    if (!rows.length) return make("span", "none", "nada");
    return make("dl", "", ...rows.flatMap(([key, one]) => [make("dt", "", NAMES[key] || key), make("dd", "", tree(one, key))]));
  }
  if (name === "since" || name === "at") return new Date(value).toLocaleString("es-PE", { dateStyle: "medium", timeStyle: "short", hour12: false, ...ZONE });
  return typeof value === "boolean" ? (value ? "sí" : "no") : make("code", "", String(value));
}
async function inspect() {
  const got = await ask(`inspect?channel=${channel}&person=${encodeURIComponent(person())}`);
  $("state").replaceChildren(tree(got.state));
  $("stored").replaceChildren(tree(got.stored));
}
async function say(what, shown) {
  const where = channel, mine = { kind: "me", text: shown, status: "sent", at: $("now").dataset.iso, id: `me-${++turn}-${Date.now()}` };
  put(mine, where);
  const typing = make("li", "typing", make("i"), make("i"), make("i"));
  typing.setAttribute("aria-label", "Rumbo está escribiendo");
  $("chat").append(typing);
  $("doing").textContent = "escribiendo…";
  down();
  busy += 1;
  try {
    const got = await ask("messages", { channel: where, person: person(), ...what });
    mine.status = "read";
    const old = document.querySelector(`.meta[data-id="${mine.id}"]`);
    if (old) old.replaceWith(meta(mine));
    if (got.replies.length) await look(true);
    await inspect();
  } catch (error) { put({ kind: "note", bad: true, text: String(error.message || error) }, where); }
  finally {
    typing.remove();
    busy -= 1;
    if (!busy) $("doing").textContent = idle();
    keep();
  }
}
function idle() { return channel === "telegram" ? "bot" : "empresa"; }

/* -- what can be pressed ------------------------------------------------------------------------------------- */
let opener = null;
function openSheet(choices, from) {
  opener = from;
  $("rows").replaceChildren(...choices.map((choice, number) => {
    const button = make("button", "", `${number + 1}. ${choice.title}`);
    button.type = "button";
    button.addEventListener("click", () => { closeSheet(); say({ choice: choice.id }, choice.title); });
    return make("li", "", button);
  }));
  $("shade").hidden = $("sheet").hidden = false;
  $("rows").querySelector("button").focus();
}
function closeSheet() {
  if ($("sheet").hidden) return;
  $("shade").hidden = $("sheet").hidden = true;
  if (opener && opener.isConnected) opener.focus();
}
$("shade").addEventListener("click", closeSheet);
$("sheet-close").addEventListener("click", closeSheet);
$("sheet").addEventListener("keydown", (event) => { // the focus stays inside while it is open
  if (event.key !== "Tab") return;
  const stops = [...$("sheet").querySelectorAll("button")];
  const edge = event.shiftKey ? stops[0] : stops.at(-1);
  if (document.activeElement === edge) { event.preventDefault(); (event.shiftKey ? stops.at(-1) : stops[0]).focus(); }
});
function panel(open) {
  $("panel").classList.toggle("open", open);
  $("open-panel").setAttribute("aria-expanded", String(open));
  (open ? $("close-panel") : $("open-panel")).focus();
}
$("open-panel").addEventListener("click", () => panel(true));
$("close-panel").addEventListener("click", () => panel(false));
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  if (!$("sheet").hidden) closeSheet();
  else if ($("panel").classList.contains("open")) panel(false);
  else if (!$("attach").hidden) attach(false);
});
function attach(open) {
  $("attach").hidden = !open;
  $("clip").setAttribute("aria-expanded", String(open));
  down();
}
$("clip").addEventListener("click", () => attach($("attach").hidden));
for (const button of document.querySelectorAll("[data-kind]")) button.addEventListener("click", () => {
  attach(false);
  say({ kind: button.dataset.kind }, `[${button.textContent.trim()}]`);
});
$("write").addEventListener("submit", (event) => {
  event.preventDefault();
  const text = $("text").value.trim();
  if (!text) return;
  $("text").value = "";
  say({ text }, text);
});
async function refresh() {
  await look(false);
  await inspect();
}
for (const tab of document.querySelectorAll("[data-channel]")) tab.addEventListener("click", () => {
  channel = tab.dataset.channel;
  closeSheet();
  for (const other of document.querySelectorAll("[data-channel]")) other.setAttribute("aria-pressed", String(other === tab));
  $("phone").className = "phone " + channel;
  $("doing").textContent = idle();
  draw();
  refresh().catch(() => {});
});
for (const button of document.querySelectorAll("[data-advance]")) button.addEventListener("click", async () => {
  try {
    clock((await ask("clock", { advance: Number(button.dataset.advance) })).now);
    put({ kind: "note", text: `El reloj avanzó ${button.textContent.replace("+", "")}` }, channel);
    await refresh();
  } catch (error) { put({ kind: "note", bad: true, text: String(error.message || error) }, channel); }
});
function meet() {
  recall();
  draw();
  refresh().catch(() => {});
}
$("person").addEventListener("change", meet);
$("fresh").addEventListener("click", () => {
  $("person").value = "persona-" + Math.random().toString(36).slice(2, 7);
  meet();
});
setInterval(() => { if (!busy && !document.hidden) look(false).catch(() => {}); }, 2500);
if (matchMedia("(hover: hover)").matches) $("text").focus();
meet();
