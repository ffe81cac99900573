// The form of a channel: the chosen partner's part, fields that belong to another's value, numbers
// one by one, things of a group.
"use strict";
(function () {
  const form = document.getElementById("channel");
  if (!form) return;
  // What was done is told once: the same page opened again has not saved anything.
  const address = new URLSearchParams(location.search);
  if (address.has("did") || address.has("authorized")) history.replaceState(history.state, "", location.pathname);
  const valueOf = (name) => {
    const found = form.querySelectorAll(`[name="${CSS.escape(name)}"]`);
    for (const one of found) if (one.type !== "radio" || one.checked) return one.value;
    return "";
  };
  function show() {
    const chosen = form.querySelector("[data-partner]").value;
    for (const part of form.querySelectorAll("[data-part]")) part.hidden = part.dataset.part !== chosen;
    for (const common of form.querySelectorAll("[data-common]")) common.hidden = !chosen;
    for (const one of form.querySelectorAll("[data-associates]")) one.classList.toggle("off", !one.dataset.associates.split(" ").includes(chosen));
    for (const one of form.querySelectorAll("[data-only]")) one.classList.toggle("off", !one.dataset.is.split(" ").includes(valueOf(one.dataset.only)));
  }
  function addNumber(chip) {
    const input = chip.querySelector("input");
    if (!input.value.trim()) { input.focus(); return; }
    const made = chip.cloneNode(true);
    made.querySelector("input").value = "";
    chip.classList.remove("new");
    const button = chip.querySelector("[data-add]");
    button.textContent = "×";
    button.setAttribute("aria-label", `× ${input.value}`);
    delete button.dataset.add;
    button.dataset.remove = "";
    chip.after(made);
    made.querySelector("input").focus();
    look(made);
  }
  // What is wrong with numbers is said where they are typed, by the server that would refuse them.
  function look(inside) {
    const field = inside.closest(".field");
    if (field) field.dispatchEvent(new Event("look"));
  }
  // What is taken away can be put back where it was, until the form is saved.
  function takeAway(one) {
    const back = document.createElement("button");
    back.type = "button";
    back.className = "bare";
    back.textContent = `${form.dataset.back} ${one.querySelector("input:not([type=hidden])").value}`;
    back.addEventListener("click", () => { back.replaceWith(one); one.querySelector("input").focus(); look(one); });
    one.replaceWith(back);
    look(back);
    back.focus();
  }
  let made = 0;
  form.addEventListener("click", (event) => {
    const button = event.target.closest("button");
    if (!button) return;
    if ("add" in button.dataset) addNumber(button.closest(".chip"));
    else if ("remove" in button.dataset) takeAway(button.closest(".chip, [data-one]"));
    else if (button.dataset.more) {
      const template = form.querySelector(`template[data-member="${CSS.escape(button.dataset.more)}"]`);
      const holder = document.createElement("div");
      holder.innerHTML = template.innerHTML.replaceAll(".NEW.", `.n${Date.now()}${made++}.`);
      const one = holder.firstElementChild;
      button.before(one);
      show();
      one.querySelector("input").focus();
    }
  });
  form.addEventListener("keydown", (event) => {
    const chip = event.key === "Enter" && event.target.matches("input") && event.target.closest(".chip");
    if (!chip) return;
    event.preventDefault();
    if (chip.classList.contains("new")) addNumber(chip);
  });
  // On a narrow window the checklist is one line until it is asked for (by the sheet, so that nothing
  // moves while the page comes), and stays as it was put.
  let asked = false;
  const list = () => document.querySelector("#steps .fold");
  document.addEventListener("click", (event) => {
    if (!event.target.closest(".fold > summary") || !matchMedia("(max-width: 1099px)").matches) return;
    event.preventDefault();
    asked = !asked;
    list().classList.toggle("asked", asked);
  });
  document.addEventListener("htmx:afterSwap", () => { if (list()) list().classList.toggle("asked", asked); });
  form.addEventListener("change", show);
  show();
  const wrong = form.querySelector("[aria-invalid=true], .theirs input");
  if (wrong) wrong.focus();
})();
