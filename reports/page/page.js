"use strict";
// Sorting, filtering, showing a block everywhere, the theme. Without this script the page has the same content.

const rowsOf = (table) => Array.from(table.tBodies[0].rows);

// Numbers come with thousands separated, and with ~ or ! before them; "-" is no value and goes last.
function valueOf(row, column) {
  const text = row.cells[column].textContent.trim();
  const number = Number(text.replace(/^[!~]+/, "").replace(/,/g, ""));
  return text === "" || text === "-" ? null : Number.isNaN(number) ? text : number;
}

function compare(a, b) {
  if (a === null || b === null) return (a === null) - (b === null);
  if (typeof a === "number" && typeof b === "number") return a - b;
  return String(a).localeCompare(String(b), "en", { numeric: true });
}

function sort(table, column) {
  const heads = Array.from(table.tHead.rows[0].cells);
  const descending = heads[column].getAttribute("aria-sort") === "ascending";
  heads.forEach((head) => head.removeAttribute("aria-sort"));
  heads[column].setAttribute("aria-sort", descending ? "descending" : "ascending");
  const rows = rowsOf(table).map((row, place) => ({ row, place, value: valueOf(row, column) }));
  rows.sort((a, b) => {
    const order = compare(a.value, b.value);
    const last = a.value === null || b.value === null;
    return (descending && !last ? -order : order) || a.place - b.place;
  });
  table.tBodies[0].append(...rows.map((one) => one.row));
}

function filter(input) {
  const rows = rowsOf(document.getElementById(input.dataset.table));
  const words = input.value.toLowerCase().split(/\s+/).filter(Boolean);
  let shown = 0;
  for (const row of rows) {
    const text = row.textContent.toLowerCase();
    row.hidden = !words.every((word) => text.includes(word));
    shown += row.hidden ? 0 : 1;
  }
  input.closest(".filter").querySelector(".count").textContent = words.length ? `${shown} of ${rows.length}` : "";
}

function show(block) {
  for (const part of document.querySelectorAll("[data-block]")) {
    part.classList.toggle("shown", block !== undefined && part.dataset.block === block);
  }
}

const THEMES = ["system", "light", "dark"];

function nextTheme(button) {
  const now = document.documentElement.dataset.theme || "system";
  const next = THEMES[(THEMES.indexOf(now) + 1) % THEMES.length];
  if (next === "system") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = next;
  button.textContent = `Theme: ${next}`;
}

async function copy() {
  const said = document.getElementById("copied");
  try {
    await navigator.clipboard.writeText(document.getElementById("data").textContent);
    said.textContent = "copied";
  } catch {
    said.textContent = "the browser does not allow it; take page.json";
  }
}

for (const table of document.querySelectorAll("table.sortable")) {
  Array.from(table.tHead.rows[0].cells).forEach((head, column) => {
    head.querySelector("button").addEventListener("click", () => sort(table, column));
  });
}
for (const input of document.querySelectorAll("input[data-table]")) {
  input.addEventListener("input", () => filter(input));
}
for (const part of document.querySelectorAll("[data-block]")) {
  part.addEventListener("mouseenter", () => show(part.dataset.block));
  part.addEventListener("mouseleave", () => show(undefined));
}
for (const time of document.querySelectorAll("time[data-seconds]")) {
  const when = new Date(1000 * Number(time.dataset.seconds));
  time.dateTime = when.toISOString();
  time.textContent = when.toLocaleString();
}
for (const [name, call] of [["theme", nextTheme], ["copy", copy]]) {
  const button = document.getElementById(name);
  button.hidden = false;
  button.addEventListener("click", () => call(button));
}
