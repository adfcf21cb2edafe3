// The list of cards and the two frames in which one of them is shown.
"use strict";

const KINDS = { question: "面试题", qa: "问答", cloze: "填空", predict: "猜输出" };
const STATES = { finding: "有错误", "not verified": "未验证", "not run": "有未运行的代码", fine: "正常" };
const DEVICES = { phone: ["手机", "mobile android"], desktop: ["桌面", "isLin linux"] };
const NIGHT = { light: "", dark: "nightMode night_mode" };

const at = (id) => document.getElementById(id);
let data = { topics: [], cards: [], css: "", findings: [] };
let visible = [];
let current = null; // the id of the card that is shown
let side = "front";
let device = "phone";

async function load() {
  data = await (await fetch("cards.json")).json();
  if (!at("topic").options.length) fillFilters();
  filter();
}

function fillFilters() {
  const fill = (id, options) => {
    at(id).append(new Option("全部", ""), ...options.map(([value, text]) => new Option(text, value)));
    at(id).addEventListener("change", filter);
  };
  fill("topic", data.topics.map((topic) => [topic.slug, topic.name]));
  fill("kind", Object.entries(KINDS));
  fill("state", Object.entries(STATES));
}

function filter() {
  const text = at("search").value.trim().toLowerCase();
  visible = data.cards.filter((card) =>
    ["topic", "kind", "state"].every((key) => !at(key).value || card[key] === at(key).value)
    && (!text || card.sort.includes(text) || card.front.toLowerCase().includes(text)));
  at("list").replaceChildren(...visible.map((card) => {
    const button = document.createElement("button");
    button.textContent = `${card.sort}${card.id.endsWith("/1") ? "" : ` (${card.id.split("/")[1]})`}`;
    button.dataset.id = card.id;
    button.dataset.state = card.state;
    return button;
  }));
  at("count").value = `${visible.length} / ${data.cards.length} 张`;
  if (!visible.some((card) => card.id === current)) {
    current = visible.length ? visible[0].id : null;
    side = "front";
  }
  render();
}

function render() {
  const card = visible.find((candidate) => candidate.id === current);
  for (const button of at("list").children) {
    button.setAttribute("aria-current", String(button.dataset.id === current));
  }
  const told = [...data.findings, ...(card ? card.findings : [])];
  at("findings").replaceChildren(...told.map((finding) => {
    const item = document.createElement("li");
    item.textContent = finding;
    return item;
  }));
  at("place").textContent = card ? card.place : "";
  at("device").textContent = DEVICES[device][0];
  at("frames").className = device;
  for (const theme of Object.keys(NIGHT)) frame(theme, card ? card[side] : "");
  history.replaceState(null, "", card ? `#${encodeURIComponent(card.id)}` : "#");
}

function frame(theme, html) {
  // A card as Anki's reviewer holds it; the sandbox runs no script.
  const classes = `card card1 ${DEVICES[device][1]} ${NIGHT[theme]}`;
  at(theme).onload = () => at(theme).contentDocument.addEventListener("keydown", key);
  at(theme).blur(); // keys pressed until the next card is loaded are the page's
  at(theme).srcdoc = `<!doctype html><html><head><meta charset="utf-8">`
    + `<meta name="viewport" content="width=device-width, initial-scale=1">`
    + `<style>${data.css}</style></head><body class="${classes}">${html}</body></html>`;
}

function show(id) {
  current = id;
  side = "front";
  render();
  document.querySelector('[aria-current="true"]')?.scrollIntoView({ block: "nearest" });
}

function step(by) {
  const index = visible.findIndex((card) => card.id === current) + by;
  if (visible[index]) show(visible[index].id);
}

function flip() {
  side = side === "front" ? "back" : "front";
  render();
}

function turn() {
  device = device === "phone" ? "desktop" : "phone";
  render();
}

const KEYS = {
  " ": flip, Enter: flip, j: () => step(1), ArrowRight: () => step(1),
  k: () => step(-1), ArrowLeft: () => step(-1), d: turn,
};

function key(event) {
  const typing = ["INPUT", "SELECT"].includes(event.target.tagName);
  if (typing || event.ctrlKey || event.metaKey || event.altKey || !(event.key in KEYS)) return;
  event.preventDefault();
  KEYS[event.key]();
}

document.addEventListener("keydown", key);
at("search").addEventListener("input", filter);
at("list").addEventListener("click", (event) => event.target.dataset.id && show(event.target.dataset.id));
at("flip").addEventListener("click", flip);
at("previous").addEventListener("click", () => step(-1));
at("next").addEventListener("click", () => step(1));
at("device").addEventListener("click", turn);
current = decodeURIComponent(location.hash.slice(1)) || null;
load().then(() => {
  if (data.live) new EventSource("changes").onmessage = load;
});
