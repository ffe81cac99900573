// Behind the phone: what passed over the wire, faults, the clock.
import { _, _n, byId, clockTime, fullTime, h, known, post } from "./dom.js";

const ARROWS = { in: ["▼", _("webhook in")], out: ["▲", _("call")], note: ["·", _("note")] };
const HOUR = 3600000;

export function wireLine(one, steps) {
  const [arrow, words] = ARROWS[one.direction] || ARROWS.note;
  const bad = /^(4|5)\d\d/.test(one.status) || /fail|refus|timeout|no answer/i.test(one.status);
  const line = h("li", { "data-message": one.message_id || "", "data-n": one.n },
    h("details", {}, h("summary", {}, h("time", { datetime: new Date(one.at).toISOString(), title: fullTime(one.at) }, clockTime(one.at, true)),
      h("span", { class: `arrow ${one.direction}`, title: words }, arrow), h("span", { class: "grow" }, one.title.split(" ").map(known).join(" ")),
      one.status ? h("span", { class: `status${bad ? " bad" : ""}` }, one.status) : null),
    ...Object.entries(one.detail || {}).map(section)));
  line.firstChild.append(...(Object.keys(one.detail || {}).length ? [] : [h("p", { class: "help" }, _("Nothing more is known of this one."))]));
  line.firstChild.addEventListener("toggle", () => { if (line.firstChild.open) line.scrollIntoView({ block: "nearest" }); });
  if (steps) setSteps(line, steps);
  return line;
}

export function setSteps(line, steps) {
  line.querySelector(".steps")?.remove();
  if (steps.length) line.append(h("p", { class: "steps help" }, steps.map(([status, at]) => h("span", { title: fullTime(at), class: status === "failed" ? "bad" : null }, `○ ${known(status)} `, h("time", {}, clockTime(at, true))))));
}

// Bodies are shown as text, indented where they are JSON.
function section([name, value]) {
  let shown = value;
  if (typeof value === "string" && /^\s*[[{]/.test(value)) { try { shown = JSON.parse(value); } catch { /* not JSON: as it is */ } }
  const text = typeof shown === "string" ? shown : JSON.stringify(shown, null, 2);
  return h("section", {}, h("h3", {}, known(name.replaceAll("_", " "))), h("pre", { dir: "ltr" }, text));
}

export function faultsPanel(partner, faults, fail) {
  const act = (data) => post("/faults", { partner, ...data }).catch(fail);
  return [h("p", { class: "help" }, _("Each makes the emulated {partner} misbehave as a real one sometimes does. The count says what it has done so far.", { partner })),
    h("ul", { class: "switches", "data-partner": partner }, (faults || []).map((one) => h("li", {}, h("label", {}, h("input", { type: "checkbox", role: "switch", checked: one.on, onchange: (event) => act({ name: one.name, on: event.target.checked }) }),
      h("span", { class: "grow" }, known(one.label || one.name).replace("(ms)", `(${_("{n} ms", { n: one.value })})`)), h("span", { class: "count", title: _("times done") }, `${one.done ?? 0}×`))))),
    h("p", {}, h("button", { type: "button", onclick: () => act({ name: null }) }, _("All off")))];
}

// Counts and switches change in place, so that the focus stays where it is.
export function updateFaults(panel, partner, faults) {
  const seen = [...panel.querySelectorAll("li")];
  if (panel.querySelector(".switches")?.dataset.partner !== partner || seen.length !== (faults || []).length || !seen.length) return false;
  seen.forEach((line, index) => {
    line.querySelector("input").checked = faults[index].on;
    line.querySelector(".count").textContent = `${faults[index].done ?? 0}×`;
  });
  return true;
}

export function clockPanel(clock, fail) {
  const act = (data) => post("/clock", data).catch(fail);
  const step = (label, by) => h("button", { type: "button", onclick: () => act({ by }) }, label);
  return [h("p", { class: "big" }, h("time", {}, fullTime(clock.now))), h("p", { class: "help" }, offset(clock.offset) + " " + _("Moves the emulated partner and Dragoman together: windows, tokens, sessions, retries.")),
    h("div", { class: "row-of" }, step(`+${_("{n} h", { n: 1 })}`, HOUR), step(`+${_("{n} h", { n: 24 })}`, 24 * HOUR), step(`+${_n("{n} day", "{n} days", 60)}`, 60 * 24 * HOUR), h("button", { type: "button", onclick: () => act({ back: true }) }, _("Set back")))];
}

export function offset(ms) {
  if (!ms) return _("The clock is right.");
  const days = Math.floor(Math.abs(ms) / (24 * HOUR));
  const hours = Math.round((Math.abs(ms) % (24 * HOUR)) / HOUR);
  const parts = [days ? _n("{n} day", "{n} days", days) : "", hours ? _("{n} h", { n: hours }) : ""].filter(Boolean).join(" ") || _("less than an hour");
  return ms > 0 ? _("The clock is {time} ahead.", { time: parts }) : _("The clock is {time} behind.", { time: parts });
}

export function tabs(onShow) {
  const all = [...byId("tabs").querySelectorAll('[role="tab"]')];
  const show = (tab, focus) => {
    for (const one of all) {
      const on = one === tab;
      one.setAttribute("aria-selected", String(on));
      one.tabIndex = on ? 0 : -1;
      byId(one.getAttribute("aria-controls")).hidden = !on;
    }
    if (focus) tab.focus();
    onShow(tab.id);
  };
  for (const tab of all) {
    tab.addEventListener("click", () => show(tab));
    tab.addEventListener("keydown", (event) => {
      const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
      const seen = all.filter((one) => !one.hidden);
      if (step) { event.preventDefault(); show(seen[(seen.indexOf(tab) + step + seen.length) % seen.length], true); }
    });
  }
  return show;
}
