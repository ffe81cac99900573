// What pages cannot do without a script: copy, the menu of a narrow window, the reader's time zone,
// a sign-in in the middle of a form.
// Every form works without it.
"use strict";
(function () {
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  if (zone && !document.cookie.includes("dragoman_zone=" + zone)) {
    document.cookie = "dragoman_zone=" + zone + ";path=/;max-age=31536000;samesite=lax";
  }
  document.addEventListener("submit", (event) => { // a wait of seconds says what it waits for
    const button = event.submitter;
    if (event.target.method === "get" && button && button.dataset.busy) button.textContent = button.dataset.busy;
  });
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
    if (button.dataset.opens) document.getElementById(button.dataset.opens).showModal();
    if ("menu" in button.dataset) {
      const open = document.getElementById("side").classList.toggle("open");
      button.setAttribute("aria-expanded", String(open));
    }
  });

  addEventListener("DOMContentLoaded", () => {
    const tab = document.querySelector(".tabline [aria-current]"); // may stand beyond a narrow edge
    if (tab) tab.scrollIntoView({ block: "nearest", inline: "nearest" });
    // A link of an invitation carries its code behind "#", which no browser sends and no log keeps.
    const code = document.getElementById("code");
    if (code && !code.value && location.pathname === "/invitation" && location.hash.length > 1) {
      code.value = location.hash.slice(1);
      history.replaceState(null, "", location.pathname);
      document.getElementById("name").focus();
    }
  });

  // --- a sign-in that ended in the middle of a form: asked for in place, and nothing typed is lost

  let asking = null; // the one dialog that is open, as a promise of true (signed in) or false

  function signInAgain() {
    asking = asking || askForSignIn().finally(() => { asking = null; });
    return asking;
  }

  // True where somebody is signed in, at once or after the dialog.
  async function askForSignIn() {
    const answer = await fetch("/signin/again", { headers: { Accept: "text/html" } });
    if (answer.status !== 401) return true;
    const made = new DOMParser().parseFromString(await answer.text(), "text/html").querySelector("dialog");
    if (!made) return true;
    const dialog = document.body.appendChild(document.adoptNode(made));
    const form = dialog.querySelector("form");
    const me = document.querySelector("[data-email]");
    if (me) form.elements.email.value = me.dataset.email;
    dialog.showModal();
    (form.elements.email.value ? form.elements.password : form.elements.email).focus();
    return new Promise((resolve) => {
      dialog.addEventListener("close", () => { dialog.remove(); resolve(dialog.returnValue === "in"); });
      dialog.querySelector("[data-closes]").addEventListener("click", () => dialog.close());
      form.addEventListener("submit", async (event) => {
        event.preventDefault();
        event.stopPropagation();
        const told = await tryToSignIn(form, dialog.dataset.away);
        if (told === null) { dialog.close("in"); return; }
        const said = dialog.querySelector("[role=alert]");
        said.textContent = told;
        said.hidden = false;
        form.elements.password.value = "";
        form.elements.password.focus();
      });
    });
  }

  // Null where it worked, else what the sign-in page says.
  async function tryToSignIn(form, away) {
    let answer;
    try { answer = await fetch("/signin", { method: "POST", body: new URLSearchParams(new FormData(form)) }); }
    catch { return away; }
    if (answer.ok) return null;
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const said = page.querySelector("[role=alert]");
    return said ? said.textContent.trim() : String(answer.status);
  }

  // A plain form is sent only once the server says that somebody is signed in: once it is on its
  // way, the browser leaves the page and what was typed.
  let sure = null;
  document.addEventListener("submit", async (event) => {
    const form = event.target;
    const plain = form.method === "post" && !form.matches("[hx-post],[hx-put],[hx-delete]");
    if (event.defaultPrevented || !plain || !document.querySelector("[data-email]")) return;
    if (sure === form) { sure = null; return; }
    event.preventDefault();
    let may = true;
    try { may = await signInAgain(); } catch { /* no answer: let the browser say so */ }
    if (!may) return;
    sure = form;
    form.requestSubmit(event.submitter && form.contains(event.submitter) ? event.submitter : undefined);
  });

  // What htmx sent and the server refused is sent again.
  document.addEventListener("htmx:responseError", async (event) => {
    if (event.detail.xhr.status !== 401) return;
    const { elt, requestConfig } = event.detail;
    if (!(await signInAgain()) || !elt.isConnected) return;
    const sent = requestConfig.triggeringEvent;
    if (elt.matches("form")) elt.requestSubmit((sent && sent.submitter) || undefined);
    else window.htmx.trigger(elt, sent ? sent.type : "click");
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
