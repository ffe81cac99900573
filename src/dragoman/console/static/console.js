// What pages cannot do without a script: copy, the menu of a narrow window, the reader's time zone.
// Every form works without it.
"use strict";
(function () {
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  if (zone && !document.cookie.includes("dragoman_zone=" + zone)) {
    document.cookie = "dragoman_zone=" + zone + ";path=/;max-age=31536000;samesite=lax";
  }
  document.addEventListener("click", async (event) => {
    const button = event.target.closest && event.target.closest("button");
    if (!button) return;
    if (button.dataset.copy) {
      const text = document.getElementById(button.dataset.copy).textContent.trim();
      const before = button.textContent;
      try { await navigator.clipboard.writeText(text); button.textContent = button.dataset.done || "✓"; }
      catch { getSelection().selectAllChildren(document.getElementById(button.dataset.copy)); return; }
      setTimeout(() => { button.textContent = before; }, 1500);
    }
    if ("menu" in button.dataset) {
      const open = document.getElementById("side").classList.toggle("open");
      button.setAttribute("aria-expanded", String(open));
    }
  });
  document.addEventListener("keydown", (event) => {
    const at = event.composedPath()[0];  // the code editor's own lies inside a shadow root
    const typing = at.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(at.tagName);
    if (event.key === "/" && !typing && !event.ctrlKey && !event.metaKey) {
      const find = document.querySelector("[data-find]");
      if (find) { event.preventDefault(); find.focus(); }
    }
  });
})();
