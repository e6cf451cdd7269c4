"use strict";
(() => {
  const root = document.documentElement.dataset.root;
  const wanted = () => new URLSearchParams(location.hash.includes("=") ? location.hash.slice(1) : "");
  const fields = [...document.querySelectorAll("[data-filter]")];
  const status = document.getElementById("status");
  for (const each of document.querySelectorAll("[data-script]")) each.hidden = false;

  const search = document.getElementById("search");
  search.addEventListener("submit", (event) => {
    event.preventDefault();
    const text = search.elements.search.value.trim();
    location.href = `${root}index.html#${new URLSearchParams({ q: text })}`;
  });

  const matrix = document.querySelector("table.matrix");
  const columns = matrix ? [...matrix.tHead.rows[0].cells].slice(1).map((cell) => cell.textContent.toLowerCase()) : [];
  let hiddenColumns = "";
  const showColumns = (lab) => {
    if (!matrix || lab === hiddenColumns) return;
    hiddenColumns = lab;
    const hidden = columns.map((name) => !name.includes(lab));
    for (const row of matrix.rows) {
      for (let i = 0; i < hidden.length; i += 1) row.cells[i + 1].hidden = hidden[i];
    }
  };

  const texts = new Map();
  const textOf = (row) => {
    if (!texts.has(row)) texts.set(row, (row.dataset.text || row.textContent).toLowerCase());
    return texts.get(row);
  };
  const apply = () => {
    const params = wanted();
    for (const field of fields) field.value = params.get(field.dataset.filter) || "";
    const words = (params.get("q") || "").toLowerCase().split(/\s+/).filter(Boolean);
    const state = params.get("state") || "";
    showColumns((params.get("lab") || "").toLowerCase());
    let shown = 0;
    let all = 0;
    for (const table of document.querySelectorAll("table[data-rows]")) {
      for (const row of table.tBodies[0].rows) {
        const fits = words.every((word) => textOf(row).includes(word));
        const stands = !state || !table.dataset.states || row.querySelector(`td.${CSS.escape(state)}:not([hidden])`);
        row.hidden = !(fits && stands);
        all += 1;
        shown += row.hidden ? 0 : 1;
      }
    }
    const filtered = words.length || state || params.get("lab");
    status.textContent = filtered ? `${shown} of ${all} rows are shown.` : "";
  };
  const note = () => {
    const params = wanted();
    for (const field of fields) {
      if (field.value) params.set(field.dataset.filter, field.value);
      else params.delete(field.dataset.filter);
    }
    location.replace(`#${params.size ? params : "all="}`);
  };
  let waiting = 0;
  for (const field of fields) {
    field.addEventListener("input", () => {
      clearTimeout(waiting);
      waiting = setTimeout(note, 150);
    });
    field.form.addEventListener("submit", (event) => { event.preventDefault(); note(); });
  }
  addEventListener("hashchange", apply);
  if (wanted().size) apply();

  const places = document.getElementById("place");
  if (places) {
    const slots = ["subscription", "group", "lab", "region", "image"];
    const link = document.getElementById("portal");
    places.addEventListener("change", () => {
      const chosen = places.value.split(" ");
      for (const slot of document.querySelectorAll("[data-slot]")) {
        const found = chosen[slots.indexOf(slot.dataset.slot)];
        if (found !== undefined) slot.textContent = found;
      }
      const [subscription, group, lab] = chosen;
      link.href = link.href
        .replace(/subscriptions\/[^/]+/, `subscriptions/${subscription}`)
        .replace(/resourceGroups\/[^/]+/, `resourceGroups/${group}`)
        .replace(/labs\/[^/]+/, `labs/${lab}`);
    });
  }
  for (const button of document.querySelectorAll("button[data-copies]")) {
    button.addEventListener("click", async () => {
      const source = document.getElementById(button.dataset.copies);
      try {
        await navigator.clipboard.writeText(source.textContent);
      } catch {
        getSelection().selectAllChildren(source);
        document.execCommand("copy");
      }
      status.textContent = "Copied.";
    });
  }
})();
