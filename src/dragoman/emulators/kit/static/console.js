// A partner's console: every button posts its panel's fields, then the panels are drawn anew by
// the server. Nothing here sets innerHTML.

const panels = document.getElementById("panels");
const base = panels.dataset.base;

function valuesOf(form) {
  const values = {};
  for (const field of form.elements) {
    if (!field.name || field.type === "submit") continue;
    values[field.name] = field.type === "checkbox" ? field.checked : field.value;
  }
  return values;
}

async function press(form, button) {
  const response = await fetch(`${base}/api/${encodeURIComponent(form.dataset.panel)}`, {
    method: "POST",
    headers: { "X-Dragoman-Console": "1", "Content-Type": "application/json" },
    body: JSON.stringify({ button, values: valuesOf(form) }),
  });
  const answer = await response.json().catch(() => ({}));
  if (!response.ok) throw new Error(answer.detail || `The console answered ${response.status}. Look at the program's own output.`);
  return answer;
}

// The server's page again; only the panel that was pressed, so that what stands half typed in
// another one stays.
async function redraw(id) {
  const response = await fetch(base, { headers: { Accept: "text/html" } });
  const page = new DOMParser().parseFromString(await response.text(), "text/html");
  for (const section of page.querySelectorAll("section.panel")) {
    const old = document.getElementById(section.id);
    const typed = old && section.id !== id && [...old.querySelectorAll("input, textarea, select")].some((field) => field.dataset.typed);
    if (old && !typed) old.replaceWith(document.importNode(section, true));
    else if (!old) panels.append(document.importNode(section, true));
  }
}

function tell(form, text, bad) {
  const said = form.querySelector(".said");
  said.textContent = text;
  said.classList.toggle("bad", bad);
}

panels.addEventListener("input", (event) => { event.target.dataset.typed = "1"; });
panels.addEventListener("submit", async (event) => {
  event.preventDefault();
  const form = event.target;
  const id = form.dataset.panel;
  const button = event.submitter?.value || "";
  try {
    const answer = await press(form, button);
    await redraw(id);
    const fresh = document.querySelector(`form[data-panel="${CSS.escape(id)}"]`);
    for (const [name, value] of Object.entries(answer.shown)) {
      const output = fresh.querySelector(`[data-shown="${CSS.escape(name)}"]`);
      output.textContent = value;
      fresh.querySelector(`[data-copy="${CSS.escape(output.id)}"]`).hidden = false;
    }
    tell(fresh, answer.said, false);
    document.getElementById(`${id}-${button}`)?.focus();
  } catch (error) {
    tell(form, error.message, true);
  }
});
panels.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-copy]");
  if (!button) return;
  const output = document.getElementById(button.dataset.copy);
  try {
    await navigator.clipboard.writeText(output.textContent);
    tell(button.closest("form"), "Copied.", false);
  } catch {
    getSelection().selectAllChildren(output);
    tell(button.closest("form"), "Copying is not allowed here: the value is selected, copy it with the keyboard.", true);
  }
});
