/* Copyright: (c) 2026, dms.ipv6 contributors
   GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
   SPDX-License-Identifier: GPL-3.0-or-later
   Filter and search. It only ever hides and opens what is there, and never writes markup. */
"use strict";
(() => {
  const rows = [...document.querySelectorAll("details[id]")];
  const cells = [...document.querySelectorAll(".map > a")];
  const buttons = [...document.querySelectorAll("button[data-state]")];
  const search = document.getElementById("q");
  const shown = document.getElementById("shown");
  const nomatch = document.getElementById("nomatch");
  const texts = [];
  let timer = 0;

  // Made when first needed: the page is usable before.
  const textOf = (index) => (texts[index] ??= rows[index].textContent.toLowerCase());

  function apply() {
    const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    const states = buttons.filter((one) => one.getAttribute("aria-pressed") === "true").map((one) => one.dataset.state);
    let count = 0;
    rows.forEach((row, index) => {
      const hit = (!states.length || states.includes(row.className)) && words.every((word) => textOf(index).includes(word));
      row.hidden = !hit;
      cells[index].hidden = !hit;
      count += hit ? 1 : 0;
    });
    shown.textContent = words.length || states.length ? `${count} of ${rows.length}` : "";
    nomatch.hidden = count > 0 || !rows.length;
  }

  function open() {
    const row = document.getElementById(location.hash.slice(1));
    if (row instanceof HTMLDetailsElement) {
      row.open = true;
      row.scrollIntoView({ block: "start" });
    }
  }

  buttons.forEach((button) =>
    button.addEventListener("click", () => {
      button.setAttribute("aria-pressed", String(button.getAttribute("aria-pressed") !== "true"));
      apply();
    }),
  );
  search.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(apply, 80);
  });
  // A second click on the same cell changes no hash.
  cells.forEach((cell) => cell.addEventListener("click", () => setTimeout(open)));
  addEventListener("hashchange", open);
  addEventListener("keydown", (event) => {
    if (event.key === "/" && document.activeElement !== search) {
      event.preventDefault();
      search.focus();
    }
  });
  // A page that was opened from a disk may not write to the clipboard everywhere; then the text is marked instead.
  document.querySelectorAll("button.take").forEach((button) => {
    const code = button.parentElement.querySelector("code");
    button.hidden = false;
    button.addEventListener("click", async () => {
      getSelection().selectAllChildren(code);
      try {
        await navigator.clipboard.writeText(code.textContent);
        button.textContent = "Copied";
      } catch {
        button.textContent = "Press Ctrl+C";
      }
    });
  });
  // On paper, what is shown is shown as a whole.
  let opened = [];
  addEventListener("beforeprint", () => {
    opened = rows.filter((row) => !row.hidden && !row.open);
    opened.forEach((row) => (row.open = true));
  });
  addEventListener("afterprint", () => opened.forEach((row) => (row.open = false)));
  document.documentElement.classList.add("js");
  open();
})();
