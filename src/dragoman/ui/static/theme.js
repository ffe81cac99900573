// Runs before the first paint: a theme chosen earlier wins over the system's, without a flash.
"use strict";
(function () {
  const root = document.documentElement;
  const key = "dragoman_theme";
  function stored() {
    const found = document.cookie.match(/(?:^|; )dragoman_theme=(light|dark)(?:;|$)/);
    return found && found[1];
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
    document.cookie = key + "=" + next + ";path=/;max-age=31536000;samesite=lax";
    apply(next);
  });
})();
