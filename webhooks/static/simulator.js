"use strict";
const $ = (id) => document.getElementById(id);
const chats = { telegram: [], whatsapp: [] };
let channel = "telegram", last = { telegram: "0", whatsapp: "0" }, busy = 0;

const person = () => $("person").value.trim() || "ana";
const ask = async (path, body) => {
  const answer = await fetch(path, body ? { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) } : {});
  const told = await answer.json();
  if (!answer.ok) throw new Error((told.errors || [{ reason: told.error }]).map((e) => `${e.field || ""} ${e.reason}`).join("; "));
  return told;
};

/* Our small Markdown as nodes; nothing is ever put in as HTML. */
function rich(text) {
  const out = document.createDocumentFragment();
  const pattern = /\*\*([^*]+)\*\*|\[([^\]]+)\]\((https?:[^)\s]+)\)|(https?:\/\/[^\s)]+)/g;
  let at = 0;
  const plain = text.replace(/^- /gm, "• ");
  for (const found of plain.matchAll(pattern)) {
    out.append(plain.slice(at, found.index));
    if (found[1]) { const b = document.createElement("b"); b.textContent = found[1]; out.append(b); }
    else { const a = document.createElement("a"); a.href = found[3] || found[4]; a.textContent = found[2] || found[4]; a.target = "_blank"; a.rel = "noopener"; out.append(a); }
    at = found.index + found[0].length;
  }
  out.append(plain.slice(at));
  return out;
}
const ticks = { queued: "🕓", sent: "✓", delivered: "✓✓", read: "✓✓", failed: "⚠" };
const hour = (iso) => new Date(iso).toLocaleTimeString("es-PE", { hour: "2-digit", minute: "2-digit", timeZone: "America/Lima" });

function node(item) {
  const li = document.createElement("li");
  li.className = item.kind;
  if (item.kind !== "bot") { li.textContent = item.text; return li; }
  const bubble = document.createElement("div");
  bubble.className = "bubble";
  const numbered = channel === "whatsapp" && item.choices.length;
  const tail = numbered ? "\n\n" + item.choices.map((c, i) => `${i + 1}. ${c.title}`).join("\n") : "";
  bubble.append(rich(item.text + tail));
  if (item.document) { const f = document.createElement("span"); f.className = "file"; f.textContent = "📄 " + item.document.filename; bubble.append(f); }
  if (item.place) { const f = document.createElement("span"); f.className = "file"; f.textContent = "📍 " + item.place.title; bubble.append(f); }
  const meta = document.createElement("span");
  meta.className = "meta" + (item.status === "read" ? " read" : "");
  meta.dataset.id = item.id;
  meta.textContent = `${hour(item.at)} ${ticks[item.status] || ""}`;
  bubble.append(meta);
  li.append(bubble);
  const shown = channel === "whatsapp" && item.choices.length > 10 ? [] : item.choices;
  if (shown.length) {
    const box = document.createElement("div");
    box.className = "choices";
    for (const choice of shown) {
      const button = document.createElement("button");
      button.textContent = choice.title;
      button.addEventListener("click", () => say({ choice: choice.id }, choice.title));
      box.append(button);
    }
    li.append(box);
  }
  return li;
}
function put(item, where = channel) {
  chats[where].push(item);
  if (where === channel) { $("chat").append(node(item)); $("chat").scrollTop = $("chat").scrollHeight; }
}
function draw() { $("chat").replaceChildren(...chats[channel].map(node)); $("chat").scrollTop = $("chat").scrollHeight; }

async function look(wait) {
  const where = channel;
  const told = await ask(`/simulator/api/screen?channel=${where}&person=${encodeURIComponent(person())}&after=${last[where]}${wait ? "&wait=1" : ""}`);
  $("clock").textContent = new Date(told.now).toLocaleString("es-PE", { dateStyle: "medium", timeStyle: "short", timeZone: "America/Lima" });
  for (const bubble of told.bubbles) {
    if (BigInt(bubble.id) <= BigInt(last[where])) continue;
    last[where] = bubble.id;
    put({ kind: "bot", ...bubble }, where);
    $("article").textContent = bubble.article || "—";
    $("calls").textContent = JSON.stringify(bubble.calls, null, 1);
  }
  for (const one of told.all) {
    const item = chats[where].find((c) => c.id === one.id);
    if (item && item.status !== one.status) {
      item.status = one.status;
      const meta = document.querySelector(`.meta[data-id="${one.id}"]`);
      if (meta) { meta.textContent = `${hour(item.at)} ${ticks[one.status] || ""}`; meta.classList.toggle("read", one.status === "read"); }
    }
  }
}
async function inspect() {
  const told = await ask(`/simulator/api/inspect?channel=${channel}&person=${encodeURIComponent(person())}`);
  $("state").textContent = JSON.stringify(told.state, null, 1);
  $("stored").textContent = JSON.stringify(told.stored, null, 1);
}
async function say(what, shown) {
  put({ kind: "me", text: shown });
  const waiting = document.createElement("li");
  waiting.className = "wait"; waiting.textContent = "escribiendo…";
  $("chat").append(waiting); $("chat").scrollTop = $("chat").scrollHeight;
  busy += 1;
  try {
    const told = await ask("/simulator/api/messages", { channel, person: person(), ...what });
    if (told.replies.length) await look(true);
    await inspect();
  } catch (error) { put({ kind: "note", text: String(error.message || error) }); }
  finally { waiting.remove(); busy -= 1; }
}
$("write").addEventListener("submit", (event) => {
  event.preventDefault();
  const text = $("text").value.trim();
  if (!text) return;
  $("text").value = "";
  say({ text }, text);
});
$("clip").addEventListener("click", () => { $("attach").hidden = !$("attach").hidden; $("clip").setAttribute("aria-expanded", String(!$("attach").hidden)); });
for (const button of document.querySelectorAll("[data-kind]")) button.addEventListener("click", () => { $("attach").hidden = true; say({ kind: button.dataset.kind }, button.textContent); });
for (const tab of document.querySelectorAll("[data-channel]")) tab.addEventListener("click", () => {
  channel = tab.dataset.channel;
  for (const other of document.querySelectorAll("[data-channel]")) other.setAttribute("aria-selected", String(other === tab));
  $("phone").className = "phone " + channel;
  draw(); look(false).then(inspect);
});
for (const button of document.querySelectorAll("[data-advance]")) button.addEventListener("click", async () => {
  await ask("/simulator/api/clock", { advance: Number(button.dataset.advance) });
  put({ kind: "note", text: "El reloj avanzó: " + button.textContent });
  await look(false);
});
$("person").addEventListener("change", () => { chats.telegram = []; chats.whatsapp = []; last = { telegram: "0", whatsapp: "0" }; draw(); look(false).then(inspect); });
setInterval(() => { if (!busy) look(false).catch(() => {}); }, 2500);
look(false).then(inspect).catch(() => {});
