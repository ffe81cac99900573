// Runs before the first paint: a theme chosen earlier wins over the system's, without a flash.
"use strict";
(function () {
  const root = document.documentElement;
  const key = "dragoman-theme";
  function stored() {
    try { return localStorage.getItem(key); } catch { return null; }
  }
  function apply(theme) {
    if (theme === "light" || theme === "dark") root.dataset.theme = theme;
    else delete root.dataset.theme;
  }
  function current() {
    return root.dataset.theme || (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light");
  }
  apply(stored());
  document.addEventListener("click", (event) => {
    const button = event.target.closest && event.target.closest("[data-theme-switch]");
    if (!button) return;
    const next = current() === "dark" ? "light" : "dark";
    try { localStorage.setItem(key, next); } catch { /* private window: this page only */ }
    apply(next);
  });
})();
