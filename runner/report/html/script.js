"use strict";
(() => {
  const all = [...document.querySelectorAll(".scenario")].map((e) => ({ e, text: e.querySelector("summary").textContent.toLowerCase() }));
  const buttons = [...document.querySelectorAll("button[data-status]")];
  if (!buttons.length) return;
  const filter = document.getElementById("filter");
  const unfold = document.getElementById("unfold");
  const shown = document.getElementById("shown");
  let status = "";

  const visible = () => all.filter(({ e }) => !e.hidden);
  function apply() {
    const words = filter.value.toLowerCase().split(/\s+/).filter(Boolean);
    let n = 0;
    for (const { e, text } of all) {
      e.hidden = !((!status || e.classList.contains(status)) && words.every((w) => text.includes(w)));
      if (!e.hidden) n++;
    }
    for (const s of document.querySelectorAll("section.of")) {
      s.hidden = !s.querySelector(".scenario:not([hidden])") && (words.length > 0 || status !== "" && !s.classList.contains(status));
    }
    for (const b of buttons) b.setAttribute("aria-pressed", String(b.dataset.status === status));
    shown.value = n === all.length ? "" : n + " shown";
    label();
  }
  function label() {
    unfold.textContent = visible().some(({ e }) => !e.open) ? "Unfold" : "Fold";
  }
  function target() {
    const e = location.hash.length > 1 && document.getElementById(location.hash.slice(1));
    if (e && e.classList.contains("scenario")) {
      e.open = true;
      e.scrollIntoView();
    }
  }

  for (const b of buttons) {
    b.disabled = false;
    b.addEventListener("click", () => { status = b.dataset.status; apply(); });
  }
  filter.addEventListener("input", apply);
  unfold.addEventListener("click", () => {
    const open = unfold.textContent === "Unfold";
    for (const { e } of visible()) e.open = open;
    label();
  });
  document.addEventListener("keydown", (k) => {
    if (k.key === "/" && document.activeElement !== filter && !k.ctrlKey && !k.metaKey && !k.altKey) {
      k.preventDefault();
      filter.focus();
    } else if (k.key === "Escape" && document.activeElement === filter) {
      filter.value = "";
      apply();
    }
  });
  document.addEventListener("toggle", label, true);
  window.addEventListener("hashchange", target);
  document.querySelector(".tools").hidden = false;
  label();
  target();
})();
