// Pages that change while they are looked at. A log takes new rows on top and changed ones in place;
// while one reads further down, new rows wait behind a button. Any other page is read again whole.
"use strict";
(function () {
  const place = document.querySelector("[data-live]");
  if (!place || !window.EventSource) return;
  const state = document.querySelector("[data-state]");
  const source = new EventSource(place.dataset.live);
  source.onopen = () => { if (state) state.textContent = ""; };
  source.onerror = () => { if (state) state.textContent = place.dataset.off || ""; };
  addEventListener("pagehide", () => source.close());
  if (place.dataset.whole !== undefined) whole(place, source); else rows(place, source);

  function made(html) {
    const holder = document.createElement("template");
    holder.innerHTML = html;
    return holder.content.firstElementChild;
  }

  function rows(log, events) {
    const list = log.querySelector("#rows"), empty = log.querySelector("[data-empty]");
    const button = log.querySelector("[data-fresh]"), waiting = new Map(), most = 200;
    const place = (id, row) => {
      empty.hidden = true;
      let before = list.firstElementChild;
      while (before && order(before.dataset.id, id) > 0) before = before.nextElementSibling;
      list.insertBefore(row, before);
      while (list.children.length > most) list.lastElementChild.remove();
    };
    const order = (a, b) => a.length - b.length || (a < b ? -1 : a > b ? 1 : 0);
    const show = () => {
      for (const [id, row] of waiting) place(id, row);
      waiting.clear();
      button.hidden = true;
    };
    const reading = () => list.getBoundingClientRect().top < 0 || list.contains(document.activeElement);
    events.onmessage = (event) => {
      const told = JSON.parse(event.data), row = made(told.html);
      const known = list.querySelector('[data-id="' + told.id + '"]');
      if (known) {
        if (known.isEqualNode(row)) return;
        const focused = known.contains(document.activeElement);
        known.replaceWith(row);
        if (focused) row.querySelector("a").focus({ preventScroll: true });
      } else if (waiting.has(told.id)) {
        waiting.set(told.id, row);
      } else if (told.fits && !older(told.id)) {
        if (reading()) waiting.set(told.id, row); else place(told.id, row);
      }
      const n = waiting.size;
      button.hidden = !n;
      button.textContent = n === 1 ? log.dataset.one : log.dataset.many.replace("{n}", n);
    };
    // what lies behind this page's last row belongs to the next page
    const older = (id) => list.children.length >= 50 && order(list.lastElementChild.dataset.id, id) > 0;
    button.addEventListener("click", () => {
      show();
      log.scrollIntoView({ block: "start" });
    });
  }

  // A length of time as the server says it (`span`), in the parts that can run down here, and in the
  // words that the element brings.
  function span(ms, said) {
    const parts = ms < 36e5 ? ["min", 6e4, "s", 1e3] : ms < 864e5 ? ["h", 36e5, "min", 6e4] : ["d", 864e5, "h", 36e5];
    const [big, size, small, part] = parts, whole = Math.floor(ms / size), rest = Math.floor((ms % size) / part);
    const long = said[big].replace("{n}", whole), short = said[small].replace("{n}", rest);
    return !whole ? short : !rest ? long : said.two.replace("{long}", long).replace("{short}", short);
  }

  // Times that run down; `over` is called when one has.
  function runDown(main, over) {
    const began = new WeakMap();
    const tick = () => {
      let ended = false;
      for (const one of main.querySelectorAll("[data-left]")) {
        if (!began.has(one)) began.set(one, performance.now());
        const left = one.dataset.left - (performance.now() - began.get(one)), text = span(Math.max(0, left), one.dataset);
        if (one.textContent !== text) one.textContent = text;
        if (left <= 0) { delete one.dataset.left; ended = true; }
      }
      if (ended) over();
    };
    tick();
    setInterval(tick, 1000);
  }

  function whole(main, events) {
    let busy = false, again = false;
    const read = async () => {
      if (busy) { again = true; return; }
      busy = true;
      try {
        const answer = await fetch(location.href, { headers: { Accept: "text/html" } });
        if (answer.ok) swap(new DOMParser().parseFromString(await answer.text(), "text/html"));
      } catch { /* the stream says when the server is back */ }
      busy = false;
      if (again) { again = false; read(); }
    };
    const swap = (page) => {
      for (const now of main.querySelectorAll("[data-part]")) {
        const next = page.querySelector('[data-part="' + now.dataset.part + '"]');
        if (!next || now.innerHTML === next.innerHTML || now.contains(document.activeElement)) continue;
        const open = [...now.querySelectorAll("details[open]")].map((d) => d.dataset.key);
        for (const d of next.querySelectorAll("details")) if (open.includes(d.dataset.key)) d.open = true;
        now.replaceChildren(...next.childNodes);
      }
    };
    events.onmessage = read;
    runDown(main, read);
  }
})();
