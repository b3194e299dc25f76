const audit = (() => {
  const data = JSON.parse($("data").textContent);
  const { checks, findings: { rows: all, texts, files, splits } } = data;
  const WORD = { e: "Error", w: "Warning", i: "Fact" }, CLASS = { e: "level-error", w: "level-warning", i: "level-info" };
  const MARK = { right: "right", wrong: "wrong", desk: "for the desk" };
  const HIGH = 80, AROUND = 6;
  const count = (n) => n.toLocaleString("en");

  function glyph(severity) {
    const svg = document.createElementNS(SVG, "svg");
    svg.setAttribute("class", "sev " + CLASS[severity]);
    svg.setAttribute("viewBox", "0 0 16 16");
    svg.setAttribute("aria-hidden", "true");
    const shape = document.createElementNS(SVG, severity === "i" ? "circle" : "path");
    const drawn = { e: { d: "M5 1h6l4 4v6l-4 4H5l-4-4V5z" }, w: { d: "M8 1.5l7 13H1z" }, i: { cx: 8, cy: 8, r: 5.4 } };
    for (const [key, value] of Object.entries(drawn[severity])) shape.setAttribute(key, value);
    svg.append(shape);
    return svg;
  }
  const say = (text) => { $("f-said").textContent = ""; requestAnimationFrame(() => { $("f-said").textContent = text; }); };
  async function copy(text, button) {
    try {
      await navigator.clipboard.writeText(text);
      say(`Copied ${text}`);
    } catch {
      getSelection().selectAllChildren(button);
      say(`Selected ${text}: copy it with your keys`);
    }
  }

  /* What is shown: filters, and a search over everything that the reader can see. */
  const filters = { q: "", check: "", severity: "", file: "", split: "", part: "", mark: "", sample: false };
  const marks = new Map(all.map((finding) => [finding, ""]));
  const listeners = [];
  let regionOf = () => -1;
  let lowered = null;
  const own = new Map();

  function said(finding) {
    if (!own.has(finding)) own.set(finding, [checks[finding.c].name, checks[finding.c].family, finding.i, finding.m, ...finding.r, ...finding.a,
      ...finding.b.flatMap((pane) => [pane.p, ...pane.n, ...pane.x.flatMap((one) => one[4])])].join("\n").toLowerCase());
    return own.get(finding);
  }
  function searched(needle) {
    if (!needle) return () => true;
    lowered ??= texts.map((text) => text.toLowerCase());
    const hit = lowered.map((text) => text.includes(needle));
    return (finding) => said(finding).includes(needle) || finding.b.some((pane) => pane.x.some(([, at]) => at !== null && hit[at]));
  }
  function matching() {
    const found = searched(filters.q.trim().toLowerCase());
    const check = filters.check === "" ? -1 : checks.findIndex((one) => one.name === filters.check);
    const is = (key, values) => filters[key] === "" || values.includes(Number(filters[key]));
    return all.filter((finding) => (filters.check === "" || finding.c === check)
      && (!filters.severity || finding.v === filters.severity)
      && is("file", finding.f) && is("split", finding.p)
      && (filters.part === "" || finding.x.some((row) => regionOf(row) === Number(filters.part)))
      && (!filters.sample || finding.k !== null)
      && (!filters.mark || (filters.mark === "none" ? !marks.get(finding) : marks.get(finding) === filters.mark))
      && found(finding));
  }

  /* The list: only what is in sight is there. */
  const list = $("f-list");
  if (!list) return { data, filters, listeners, glyph, CLASS, WORD, count, setRegions() {}, find() {}, change() {}, opened() {} };
  const room = make("div", { class: "room", role: "presentation" });
  list.append(room);
  let order = all, current = null;

  function option(finding, at) {
    const mark = marks.get(finding);
    const check = checks[finding.c];
    const place = finding.r[0] ?? finding.a[0] ?? "the whole set";
    const more = finding.n > 1 ? ` +${count(finding.n - 1)}` : "";
    const line = make("div", { class: "option", id: "f-" + at, role: "option", "aria-selected": String(finding === current), "aria-posinset": at + 1, "aria-setsize": order.length,
      on: { click: () => { select(finding); list.focus({ preventScroll: true }); } } },
      glyph(finding.v), make("span", { class: "says", dir: "auto" }, make("span", { class: "sr" }, WORD[finding.v] + ": "), ...pieces(cutAt(finding.m, 220))),
      make("span", { class: "foot" }, make("span", { class: "place" }, ...pieces(place + more)), make("span", {}, check.name), mark ? make("span", { class: "set" }, MARK[mark]) : ""));
    line.style.top = at * HIGH + "px";
    return line;
  }
  const there = new Map();
  function draw() {
    there.clear();
    room.style.height = order.length * HIGH + "px";
    room.replaceChildren(order.length ? "" : make("p", { class: "none" }, "Nothing matches these filters."));
    const at = order.indexOf(current);
    if (at >= 0) list.setAttribute("aria-activedescendant", "f-" + at);
    else list.removeAttribute("aria-activedescendant");
    drawSight();
  }
  function drawSight() {
    const first = Math.max(0, Math.floor(list.scrollTop / HIGH) - AROUND);
    const last = Math.min(order.length, Math.ceil((list.scrollTop + list.clientHeight) / HIGH) + AROUND);
    const at = order.indexOf(current);
    const wanted = new Set(at >= 0 ? [at] : []);
    for (let i = first; i < last; i++) wanted.add(i);
    for (const [i, line] of there) if (!wanted.has(i)) { line.remove(); there.delete(i); }
    for (const i of [...wanted].sort((a, b) => a - b)) {
      if (there.has(i)) continue;
      there.set(i, option(order[i], i));
      room.append(there.get(i));
    }
  }
  let waiting = false;
  list.addEventListener("scroll", () => {
    if (waiting) return;
    waiting = true;
    requestAnimationFrame(() => { waiting = false; drawSight(); });
  });
  function bringIntoList(at) {
    const top = at * HIGH, bottom = top + HIGH;
    if (top < list.scrollTop) list.scrollTop = top;
    else if (bottom > list.scrollTop + list.clientHeight) list.scrollTop = bottom - list.clientHeight;
  }

  /* One finding: its sides with what matters marked. */
  function marked(text, spans, kind = null) {
    const out = [];
    let at = 0;
    for (let i = 0; i < spans.length; i += 2) {
      out.push(...pieces(text.slice(at, spans[i])), make("mark", { class: kind }, ...pieces(text.slice(spans[i], spans[i + 1]))));
      at = spans[i + 1];
    }
    out.push(...pieces(text.slice(at)));
    return out;
  }
  function block(children) {
    return make("div", { class: "text", dir: "auto", tabindex: "0" }, ...children);
  }
  function part([label, at, spans, beyond, notes], against, kind, more) {
    const out = [make("p", { class: "label" }, label, ...notes.map((note) => make("span", { class: "note" }, ...pieces(note))))];
    if (at === null) return [...out, make("p", { class: "fine" }, "Texts are left out of this page.")];
    const text = texts[at];
    if (text === "") return [...out, make("p", { class: "fine" }, "Empty.")];
    const other = !spans.length && against && against[1] !== null && !against[2].length ? texts[against[1]] : null;
    if (other === null) out.push(block(marked(text, spans)));
    else if (other === text) out.push(block(pieces(text)), make("p", { class: "fine" }, "The same on both sides."));
    else {
      const runs = kind === "gone" ? difference(text, other) : difference(other, text);
      const keep = kind === "gone" ? "del" : "ins";
      out.push(block(runs === null ? pieces(text) : runs.filter(([one]) => one === "" || one === keep).flatMap(([one, word]) =>
        one && word.trim() ? [make("mark", { class: kind }, ...pieces(word))] : pieces(word))));
      if (runs !== null && more) out.push(make("p", { class: "fine" }, "Marked: what the other side does not have."));
    }
    if (beyond) out.push(make("p", { class: "fine" }, `${count(beyond)} more marked place${beyond === 1 ? "" : "s"} further on.`));
    return out;
  }
  function pane(side, other, kind, alone) {
    const against = (label) => other ? other.x.find(([name]) => name === label) ?? null : null;
    const head = make("div", { class: "side" }, make("h4", {}, side.t), place(side.p));
    const notes = side.n.map((note) => make("p", { class: "fine" }, ...pieces(note)));
    const wide = alone && side.x.filter(([label]) => label === "Chosen" || label === "Rejected").length === 2;
    const parts = (some) => some.flatMap((one) => part(one, against(one[0]), kind, true));
    if (!wide) return make("div", { class: "pane" }, head, ...notes, ...parts(side.x));
    const pair = side.x.filter(([label]) => label !== "Prompt");
    return make("div", { class: "pane" }, head, ...notes, ...parts(side.x.filter(([label]) => label === "Prompt")),
      make("div", { class: "sides" }, ...pair.map((one) => make("div", {}, ...part(one, null, null, false)))));
  }
  function place(text) {
    const button = make("button", { type: "button", title: "Copy", "aria-label": `Copy ${text}`, on: { click: () => copy(text, button) } }, ...pieces(text));
    return button;
  }
  function places(finding) {
    const line = (lead, some, n) => some.length ? make("p", { class: "places" }, make("span", { class: "lead" }, lead), ...some.slice(0, 12).map(place),
      ...(some.length > 12 ? [make("button", { type: "button", on: { click: (event) => event.target.replaceWith(...some.slice(12).map(place)) } }, `${some.length - 12} more`)] : []),
      n > some.length ? make("span", {}, `and ${count(n - some.length)} more in ${data.all}`) : "") : "";
    const shown = new Set(finding.b.filter((side) => side.r).map((side) => side.p));
    const [rows, against] = [finding.r, finding.a];
    if (finding.n + finding.o <= shown.size && [...rows, ...against].every((one) => shown.has(one))) return [];
    return [line("At fault", rows, finding.n), line("Held against", against, finding.o)];
  }
  function show() {
    const detail = $("f-detail");
    if (!current) return detail.replaceChildren(make("p", { class: "none" }, "No finding to show."));
    const finding = current, check = checks[finding.c], at = order.indexOf(finding);
    const sides = finding.b.map((side, index) => pane(side, finding.b.length === 2 ? finding.b[1 - index] : null, index ? "new" : "gone", finding.b.length === 1));
    const sign = (name, key, word) => make("button", { type: "button", "aria-pressed": String(marks.get(finding) === name), "aria-keyshortcuts": key, on: { click: () => mark(name) } }, word + " ", make("kbd", {}, key));
    detail.replaceChildren(
      make("p", { class: "over-line" }, make("span", { class: "sev-word " + CLASS[finding.v] }, glyph(finding.v), " " + WORD[finding.v]), make("span", { class: "name" }, check.name),
        finding.s === null ? "" : make("span", {}, `score ${number(finding.s)}`), finding.k === null ? "" : make("span", {}, "in the random sample"),
        make("span", { class: "at" }, at < 0 ? "" : `${count(at + 1)} of ${count(order.length)}`)),
      make("h3", { dir: "auto" }, ...pieces(finding.m)),
      ...places(finding),
      make("div", { class: "actions" }, sign("right", "y", "Right"), sign("wrong", "n", "Wrong"), sign("desk", "d", "For the desk"), make("span", { class: "gap" }),
        make("button", { type: "button", "aria-label": "Previous finding", on: { click: () => step(-1) } }, "↑"), make("button", { type: "button", "aria-label": "Next finding", on: { click: () => step(1) } }, "↓"),
        make("button", { type: "button", on: { click: (event) => copy(location.href, event.target) } }, "Copy link"),
        make("p", { class: "estimate" }, ...estimated(finding.c))),
      sides.length ? make("div", { class: "panes n" + Math.min(2, sides.length) }, ...sides) : make("p", { class: "fine" }, "A finding on the set as a whole: its figures stand with the check above."));
    detail.scrollTop = 0;
  }

  function select(finding, { follow = true } = {}) {
    current = finding;
    if (follow && finding) bringIntoList(order.indexOf(finding));
    draw();
    show();
    link();
  }
  function step(by) {
    if (!order.length) return;
    const at = order.indexOf(current);
    select(order[Math.min(order.length - 1, Math.max(0, at < 0 ? 0 : at + by))]);
  }

  /* Marks: what the reader makes of findings, and how precise checks are by that. */
  function mark(name) {
    if (!current) return;
    marks.set(current, marks.get(current) === name ? "" : name);
    const kept = marks.get(current);
    draw();
    show();
    drawMarks();
    const { share, basis } = precision(current.c);
    say(`${kept ? `Marked ${MARK[kept]}` : "Mark taken back"}. ${share === null ? "" : `Precision ${percent(share)}, ${basis}.`}`);
  }
  const percent = (share) => `${(100 * share).toFixed(share > 0 && share < 0.05 || share > 0.95 && share < 1 ? 1 : 0)} %`;
  function wilson(share, n) {
    const z = 1.959963984540054, spread = z * z / n;
    const middle = (share + spread / 2) / (1 + spread);
    const half = z / (1 + spread) * Math.sqrt(share * (1 - share) / n + spread / (4 * n));
    return [Math.max(0, middle - half), Math.min(1, middle + half)];
  }
  function precision(c) {
    const told = all.filter((finding) => finding.c === c && (marks.get(finding) === "right" || marks.get(finding) === "wrong"));
    const drawn = told.filter((finding) => finding.k !== null);
    const some = drawn.length ? drawn : told;
    if (!some.length) return { share: null, basis: "" };
    const weights = some.map((finding) => drawn.length ? 1 / finding.k : 1);
    const total = weights.reduce((sum, weight) => sum + weight, 0);
    const squares = weights.reduce((sum, weight) => sum + weight * weight, 0);
    const share = some.reduce((sum, finding, i) => sum + (marks.get(finding) === "right" ? weights[i] : 0), 0) / total;
    const basis = drawn.length ? `${drawn.length} of the ${checks[c].sampled} drawn at random` : `${told.length} marked, none of them drawn at random`;
    return { share, basis, interval: wilson(share, total * total / squares) };
  }
  function estimated(c) {
    const { share, basis, interval } = precision(c);
    if (share === null) return [];
    return ["Precision of this check: ", make("b", {}, percent(share)), ` [${interval.map(percent).join(", ")}], from ${basis}`];
  }
  function chosenMarks() {
    const out = {};
    for (const [finding, name] of marks) if (name) (out[checks[finding.c].name] ??= {})[finding.i] = name;
    return out;
  }
  let saved = true;
  function drawMarks() {
    saved = false;
    const chosen = [...marks].filter(([, name]) => name);
    $("marks").hidden = !chosen.length;
    const lines = checks.map((check, c) => {
      const of = (name) => chosen.filter(([finding, one]) => finding.c === c && one === name).length;
      const n = ["right", "wrong", "desk"].map(of);
      if (!n.some(Boolean)) return null;
      const { share, basis, interval } = precision(c);
      return make("tr", {}, make("th", { scope: "row" }, check.name), ...n.map((one) => make("td", { class: "n" }, count(one))),
        make("td", { class: "n" }, share === null ? "–" : make("b", {}, percent(share)), share === null ? "" : ` [${interval.map(percent).join(", ")}]`), make("td", {}, basis));
    });
    $("marks").querySelector("tbody").replaceChildren(...lines.filter(Boolean));
    $("marks-json").value = JSON.stringify(chosenMarks(), null, 1);
  }
  $("marks-save").addEventListener("click", () => {
    const blob = new Blob([JSON.stringify(chosenMarks(), null, 1) + "\n"], { type: "application/json" });
    const address = URL.createObjectURL(blob);
    const anchor = make("a", { href: address, download: "marks.json" });
    anchor.click();
    setTimeout(() => URL.revokeObjectURL(address), 10_000);
    saved = true;
    say("Saved as marks.json");
  });
  addEventListener("beforeunload", (event) => { if (!saved && [...marks.values()].some(Boolean)) event.preventDefault(); });

  /* Filters, and the address that leads back to them. */
  const inputs = { q: $("f-q"), check: $("f-check"), severity: $("f-severity"), file: $("f-file"), split: $("f-split"), part: $("f-part"), mark: $("f-mark"), sample: $("f-sample") };
  function fill(key, pairs) {
    inputs[key].append(...pairs.map(([value, word]) => make("option", { value }, word)));
    inputs[key].parentElement.hidden = pairs.length < 2;
  }
  fill("check", checks.map((check) => [check.name, check.name]));
  fill("severity", ["e", "w", "i"].filter((v) => all.some((finding) => finding.v === v)).map((v) => [v, WORD[v]]));
  fill("file", files.map((name, index) => [String(index), name]));
  fill("split", splits.map((name, index) => [String(index), name]));
  fill("part", [...document.querySelectorAll("[data-part]")].map((button) => [button.dataset.part, button.closest("tr").cells[0].textContent]));
  fill("mark", [["none", "none yet"], ["right", "right"], ["wrong", "wrong"], ["desk", "for the desk"]]);
  function change(values, { keep = false } = {}) {
    Object.assign(filters, values);
    for (const [key, input] of Object.entries(inputs)) {
      if (input.type === "checkbox") input.checked = filters[key];
      else if (input.value !== filters[key]) {
        input.value = filters[key];
        if (input.value !== filters[key]) input.value = filters[key] = "";
      }
    }
    order = matching();
    const n = order.length;
    $("f-count").textContent = n === all.length ? `${count(n)} finding${n === 1 ? "" : "s"}` : `${count(n)} of ${count(all.length)} findings`;
    $("f-reset").hidden = !Object.values(filters).some(Boolean);
    list.scrollTop = 0;
    select(keep && order.includes(current) ? current : order[0] ?? null);
    for (const listener of listeners) listener();
  }
  const cleared = () => Object.fromEntries(Object.entries(filters).map(([key, value]) => [key, typeof value === "boolean" ? false : ""]));
  for (const [key, input] of Object.entries(inputs))
    input.addEventListener(key === "q" ? "input" : "change", () => change({ [key]: input.type === "checkbox" ? input.checked : input.value }));
  $("f-reset").addEventListener("click", () => { change(cleared(), { keep: true }); inputs.q.focus(); });

  let linking = false;
  function link() {
    if (!linking) return;
    const words = new URLSearchParams();
    for (const [key, value] of Object.entries(filters)) if (value) words.set(key, value === true ? "1" : value);
    if (current) words.set("finding", `${checks[current.c].name}/${current.i}`);
    history.replaceState(null, "", "#" + words);
  }
  function follow() {
    const words = new URLSearchParams(location.hash.slice(1));
    if (!["finding", ...Object.keys(filters)].some((key) => words.has(key))) return openLinked();
    const wanted = words.get("finding");
    const values = cleared();
    for (const key of Object.keys(filters)) if (words.has(key)) values[key] = key === "sample" ? true : words.get(key);
    const found = wanted && all.find((finding) => `${checks[finding.c].name}/${finding.i}` === wanted);
    linking = true;
    change(values);
    if (found) select(found);
    else if (wanted) say("The linked finding is not among those shown.");
    intoView();
  }
  function openLinked() {
    const there = location.hash.length > 1 && $(decodeURIComponent(location.hash.slice(1)));
    if (there && there.tagName === "DETAILS") { there.open = true; there.scrollIntoView(); }
  }
  function intoView() { $("findings").scrollIntoView(); }
  function inView() {
    const box = $("reader").getBoundingClientRect();
    return box.top < innerHeight * 0.75 && box.bottom > innerHeight * 0.25;
  }

  /* Keys. */
  const moves = { ArrowDown: 1, ArrowUp: -1, PageDown: 8, PageUp: -8, Home: -Infinity, End: Infinity };
  list.addEventListener("keydown", (event) => {
    if (!(event.key in moves) || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    linking = true;
    step(moves[event.key]);
  });
  list.addEventListener("click", () => { linking = true; link(); });
  const acts = {
    j: () => go(1), k: () => go(-1),
    "/": () => { intoView(); inputs.q.focus(); inputs.q.select(); },
    "?": () => $("keys").showModal(),
    y: () => inView() && mark("right"), n: () => inView() && mark("wrong"), d: () => inView() && mark("desk"),
    c: () => inView() && current && copy(current.r[0] ?? current.a[0] ?? "", $("f-detail").querySelector("h3")),
  };
  function go(by) {
    linking = true;
    const seen = inView();
    if (!seen) intoView();
    if (seen || !current) step(by);
    else link();
    list.focus({ preventScroll: true });
  }
  addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || $("keys").open) return;
    if (event.target.matches("input, textarea, select")) {
      if (event.key === "Escape" || event.key === "Enter" && event.target === inputs.q) { event.preventDefault(); list.focus({ preventScroll: true }); }
      return;
    }
    const act = acts[event.key];
    if (!act) return;
    event.preventDefault();
    act();
  });
  $("f-keys").addEventListener("click", () => $("keys").showModal());

  /* Called by the map. */
  function setRegions(of) { regionOf = of; }
  function find(row) {
    const here = order.find((finding) => finding.x.includes(row));
    const found = here ?? all.find((finding) => finding.x.includes(row));
    if (!found) return false;
    if (!here) change(cleared());
    linking = true;
    select(found);
    intoView();
    return true;
  }
  for (const button of document.querySelectorAll("[data-part]"))
    button.addEventListener("click", () => { linking = true; change({ ...cleared(), part: button.dataset.part }); intoView(); });

  $("f-tools").hidden = $("reader").hidden = false;
  function opened() {
    change({});
    follow();
    addEventListener("hashchange", follow);
  }
  return { data, filters, listeners, glyph, CLASS, WORD, count, setRegions, find, change, opened };
})();
