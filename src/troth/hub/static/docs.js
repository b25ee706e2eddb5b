"use strict";

const filter = document.getElementById("filter");
const found = document.getElementById("found");
const groups = [...document.querySelectorAll("[data-group]")].map((group) => ({
  group,
  open: group.open,
  count: group.querySelector(".count"),
  entries: [...group.querySelectorAll("[data-search]")],
}));

function apply() {
  const words = filter.value.toLowerCase().split(/\s+/).filter(Boolean);
  const left = new Set();
  for (const { group, open, count, entries } of groups) {
    let shownHere = 0;
    for (const entry of entries) {
      const shown = words.every((word) => entry.dataset.search.includes(word));
      entry.hidden = !shown;
      shownHere += shown;
      if (shown) left.add(entry.querySelector("a").pathname);
    }
    group.hidden = shownHere === 0;
    if (count) count.textContent = shownHere;
    if ("open" in group) group.open = words.length ? true : open;
  }
  found.textContent = words.length ? `${left.size} ${left.size === 1 ? "operation" : "operations"}` : "";
}

filter.addEventListener("input", apply);
filter.addEventListener("keydown", (event) => {
  if (event.key === "Escape") {
    filter.value = "";
    apply();
  } else if (event.key === "Enter" && filter.value) {
    document.querySelector("[data-search]:not([hidden]) a")?.click();
  }
});
document.addEventListener("keydown", (event) => {
  if (event.key !== "/" || event.ctrlKey || event.metaKey || event.altKey || event.target === filter) return;
  event.preventDefault();
  filter.focus();
});

for (const button of document.querySelectorAll(".copy")) {
  button.hidden = !navigator.clipboard;
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(button.closest("figure").querySelector("code").textContent);
    button.textContent = "Copied";
    setTimeout(() => (button.textContent = "Copy"), 1500);
  });
}

for (const section of document.querySelectorAll(".details > section")) {
  const nested = [...section.querySelectorAll("details")];
  if (nested.length < 2) continue;
  const button = document.createElement("button");
  button.type = "button";
  button.className = "unfold";
  button.textContent = "Unfold all";
  button.addEventListener("click", () => {
    const open = button.textContent === "Unfold all";
    for (const one of nested) one.open = open;
    button.textContent = open ? "Fold all" : "Unfold all";
  });
  section.querySelector("h2").append(button);
}

document.querySelector("nav [aria-current]")?.scrollIntoView({ block: "nearest" });
