// The editor of the agent page: it stands in the place of `textarea[data-code]` and writes back into
// it, so the form is the same with and without it. It lives in a shadow root, where its style sheets
// are adopted and the page's policy needs no exception for inline style.
import { autocompletion, closeBrackets, closeBracketsKeymap, completeFromList, completionKeymap } from "@codemirror/autocomplete";
import { defaultKeymap, history, historyKeymap } from "@codemirror/commands";
import { javascript, javascriptLanguage, localCompletionSource } from "@codemirror/lang-javascript";
import { bracketMatching, HighlightStyle, indentOnInput, syntaxHighlighting } from "@codemirror/language";
import { setDiagnostics } from "@codemirror/lint";
import { highlightSelectionMatches, search, searchKeymap } from "@codemirror/search";
import { EditorState, Prec } from "@codemirror/state";
import { drawSelection, EditorView, highlightActiveLine, highlightActiveLineGutter, keymap, lineNumbers } from "@codemirror/view";
import { tags as t } from "@lezer/highlight";

const colours = HighlightStyle.define([
  { tag: [t.keyword, t.operatorKeyword, t.modifier], color: "var(--act)", fontWeight: "600" },
  { tag: [t.string, t.special(t.string), t.regexp], color: "var(--ok)" },
  { tag: [t.number, t.bool, t.null, t.atom], color: "var(--doubt)" },
  { tag: [t.comment], color: "var(--quiet)" },
  { tag: [t.function(t.variableName), t.function(t.propertyName)], color: "var(--wait)" },
  { tag: [t.invalid], color: "var(--bad)" },
]);

const look = EditorView.theme({
  "&": { height: "100%", font: "var(--code)", color: "var(--ink)", backgroundColor: "var(--surface)", border: "1px solid var(--edge)", borderRadius: "var(--r-control)" },
  "&.cm-focused": { outline: "2px solid var(--act)", outlineOffset: "2px" },
  ".cm-scroller": { font: "var(--code)", overflow: "auto" },
  ".cm-content": { caretColor: "var(--act)", padding: "var(--s2) 0" },
  ".cm-cursor": { borderLeftColor: "var(--act)", borderLeftWidth: "2px" },
  ".cm-gutters": { backgroundColor: "var(--sunken)", color: "var(--quiet)", border: "0", borderInlineEnd: "1px solid var(--line)" },
  ".cm-activeLine": { backgroundColor: "color-mix(in srgb, var(--sunken) 60%, transparent)" },
  ".cm-activeLineGutter": { backgroundColor: "var(--act-soft)", color: "var(--act)" },
  "&.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground, .cm-selectionBackground": { backgroundColor: "var(--act-soft)" },
  ".cm-selectionMatch": { backgroundColor: "var(--wait-soft)" },
  "&.cm-focused .cm-matchingBracket": { backgroundColor: "var(--act-soft)", outline: "1px solid var(--act)" },
  "&.cm-focused .cm-nonmatchingBracket": { backgroundColor: "var(--bad-soft)" },
  ".cm-panels": { backgroundColor: "var(--sunken)", color: "var(--ink)", borderColor: "var(--line)" },
  ".cm-panels input, .cm-panels button": { font: "var(--help)", color: "var(--ink)", background: "var(--surface)", border: "1px solid var(--edge)", borderRadius: "var(--r-control)" },
  ".cm-searchMatch": { backgroundColor: "var(--wait-soft)", outline: "1px solid var(--wait)" },
  ".cm-tooltip": { backgroundColor: "var(--surface)", color: "var(--ink)", border: "1px solid var(--edge)", borderRadius: "var(--r-control)" },
  ".cm-tooltip-autocomplete > ul > li[aria-selected]": { backgroundColor: "var(--act)", color: "var(--on-act)" },
  ".cm-lintRange-error": { backgroundImage: "none", textDecoration: "underline wavy var(--bad)", backgroundColor: "var(--bad-soft)" },
  ".cm-diagnostic-error": { borderInlineStart: "4px solid var(--bad)" },
});

// What a script finds there, as docs/agents.md lists it.
const globals = completeFromList([
  { label: "print", type: "function" }, { label: "console", type: "variable" },
  { label: "context", type: "variable" }, { label: "message", type: "variable" },
  { label: "message.text", type: "property" }, { label: "message.tapped", type: "property" },
  { label: "message.kind", type: "property" }, { label: "contact", type: "variable" },
  { label: "contact.name", type: "property" }, { label: "contact.phone", type: "property" },
  { label: "number", type: "variable" }, { label: "window", type: "variable" },
  { label: "now", type: "variable" }, { label: "assets", type: "variable" },
]);

function open(area) {
  const host = document.createElement("div");
  host.className = "code-editor";
  area.after(host);
  const root = host.attachShadow({ mode: "open" });
  const label = document.querySelector(`label[for="${area.id}"]`);
  const run = () => { const button = document.querySelector("[data-run]"); if (button) button.click(); return true; };
  const view = new EditorView({
    root,
    parent: root,
    state: EditorState.create({
      doc: area.value,
      extensions: [
        lineNumbers(), highlightActiveLineGutter(), highlightActiveLine(), history(), drawSelection(),
        indentOnInput(), bracketMatching(), closeBrackets(), highlightSelectionMatches(), search({ top: true }),
        autocompletion({ icons: false }), javascript(),
        javascriptLanguage.data.of({ autocomplete: globals }),
        javascriptLanguage.data.of({ autocomplete: localCompletionSource }),
        syntaxHighlighting(colours), look, EditorView.lineWrapping,
        EditorState.readOnly.of(area.readOnly),
        Prec.highest(keymap.of([{ key: "Mod-Enter", run }])),
        keymap.of([...closeBracketsKeymap, ...defaultKeymap, ...searchKeymap, ...historyKeymap, ...completionKeymap]),
        EditorView.contentAttributes.of({ tabindex: "0", "aria-label": label ? label.textContent : "JavaScript" }),
        EditorView.updateListener.of((update) => {
          if (!update.docChanged) return;
          area.value = update.state.doc.toString();
          area.dispatchEvent(new Event("input", { bubbles: true }));
        }),
      ],
    }),
  });
  area.hidden = true;
  let leaving = false;
  area.form.addEventListener("submit", () => { leaving = true; });
  addEventListener("beforeunload", (event) => { if (!leaving && area.value !== area.defaultValue) event.preventDefault(); });
  if (label) label.addEventListener("click", () => view.focus());
  mark(view);
  document.addEventListener("htmx:afterSwap", () => mark(view));
  document.addEventListener("click", (event) => {
    const link = event.target.closest && event.target.closest("a[data-line]");
    if (!link) return;
    event.preventDefault();
    const line = lineOf(view, Number(link.dataset.line));
    view.dispatch({ selection: { anchor: line.from }, effects: EditorView.scrollIntoView(line.from, { y: "center" }) });
    view.focus();
  });
}

function lineOf(view, number) {
  return view.state.doc.line(Math.max(1, Math.min(number, view.state.doc.lines)));
}

// The line that the answer to the last trial names.
function mark(view) {
  const wrong = document.querySelector("[data-error-line]");
  const found = [];
  if (wrong && Number(wrong.dataset.errorLine) > 0) {
    const line = lineOf(view, Number(wrong.dataset.errorLine));
    found.push({ from: line.from, to: line.to, severity: "error", message: wrong.textContent.trim() });
  }
  view.dispatch(setDiagnostics(view.state, found));
}

for (const area of document.querySelectorAll("textarea[data-code]")) open(area);
