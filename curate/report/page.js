"use strict";
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const rows = data.queue.rows;
  const rewrite = data.queue.task === "rewrite";
  const PART = { active: "chosen", random: "random", always: "always in" };
  const FIRST = 25, STEP = 100, CUT = 1500;
  function textBlock(text) {
    if (text === null) return make("p", { class: "fine" }, "Texts are left out of this page.");
    if (text === "") return make("p", { class: "fine" }, "Empty.");
    const block = make("div", { class: "text", dir: "auto", tabindex: "0" });
    if (text.length <= CUT * 1.2) {
      block.append(...pieces(text));
      return block;
    }
    block.append(...pieces(cutAt(text, CUT)), "…");
    const all = make("button", { type: "button", class: "show-all", on: { click: () => {
      block.replaceChildren(...pieces(text));
      all.remove();
    } } }, `Show all ${text.length.toLocaleString("en")} characters`);
    return make("div", {}, block, all);
  }

  /* What a person changed. */
  function changed(before, after) {
    const runs = difference(before, after);
    if (!runs) return null;
    const block = make("div", { class: "text", dir: "auto", tabindex: "0" });
    for (const [kind, word] of runs) block.append(...(kind ? [make(kind, {}, ...pieces(word))] : pieces(word)));
    return block;
  }

  /* The table. */
  const shown = data.queue.scores.slice(0, 3).map((score) => score.name);
  const anyRead = rows.some((row) => row.answers.some((answer) => answer.read));
  const anyOutcome = rows.some((row) => row.outcome);
  const OUTCOME = { a: "A preferred", b: "B preferred" };
  const words = (text) => OUTCOME[text] ?? text.replaceAll("_", " ");
  const share = (row) => {
    const [asked] = row.answers.filter((answer) => answer.asked && answer.read);
    if (!asked) return null;
    const read = row.answers.filter((answer) => answer.read);
    return read.filter((answer) => answer.read === asked.read).length / read.length;
  };
  const columns = [
    { name: "#", label: null, value: (row) => row.order, cell: (row) => [String(row.order)] },
    { name: "Prompt", label: null, class: "prompt", value: (row) => (row.prompt ?? row.id).toLowerCase(), cell: opener },
    { name: "Part", label: "", class: "part", value: (row) => row.part, cell: (row) => [make("span", { class: "key " + row.part }), PART[row.part] ?? row.part] },
    ...(anyRead && rewrite ? [{ name: "Committee", label: null, class: "committee", value: share, cell: votes, title: "A stroke for each answer, equal answers together; coloured: the same as the one under review" }] : []),
    ...shown.map((name) => ({ name, label: name, class: "n", value: (row) => row.scores[name]?.[0] ?? null, cell: (row) => [number(row.scores[name]?.[0])], title: data.queue.scores.find((score) => score.name === name).doc })),
    { name: "Chance", label: "chance", class: "n", value: (row) => row.chance, cell: (row) => [number(row.chance)], title: "Probability of inclusion by design; none where the pick was deterministic" },
    { name: "Status", label: "", value: (row) => row.status + row.outcome, cell: status },
  ];

  function breakable(name) {
    return name.split(/(?<=_)/).flatMap((part, index) => index ? [make("wbr"), part] : [part]);
  }
  function opener(row) {
    const text = (row.prompt ?? "").slice(0, 600).replace(/\s+/g, " ").trim().slice(0, 240) || row.id;
    return [make("button", { type: "button", class: "opener", "aria-expanded": "false", "aria-controls": "detail-" + row.order },
      make("span", { dir: "auto" }, make("span", {}, ...pieces(cutAt(text, 240)))))];
  }
  function votes(row) {
    const asked = row.answers.find((answer) => answer.asked);
    const groups = new Map();
    for (const { read } of row.answers) groups.set(read, (groups.get(read) ?? 0) + 1);
    const rank = (read) => read === "" ? Infinity : asked && read === asked.read ? -Infinity : -groups.get(read);
    const ordered = [...groups].sort(([a], [b]) => rank(a) - rank(b));
    const rival = ordered.find(([read]) => read && read !== asked?.read)?.[0];
    const strip = make("span", { class: "votes", role: "img", "aria-label":
      `${groups.get(asked?.read) ?? 0} of ${row.answers.length} gave this answer` });
    for (const [read, size] of ordered) {
      const kind = read === "" ? "blank" : asked && read === asked.read ? "same" : read === rival ? "rival" : "other";
      strip.append(make("span", { title: `${size} × ${read.slice(0, 80) || "no answer could be read"}` }, ...Array.from({ length: size }, () => make("i", { class: kind }))));
    }
    return [strip];
  }
  function status(row) {
    if (row.outcome) return [make("span", { class: "done" }, words(row.outcome))];
    return [make("span", { class: row.status === "answered" ? "done" : "waits" }, row.status)];
  }

  function placed(row) {
    const body = make("tbody");
    for (const { name, doc } of data.queue.scores) {
      const [value, rank] = row.scores[name] ?? [null, null];
      body.append(make("tr", { title: doc || null }, make("th", { scope: "row" }, name), make("td", { class: "n" }, number(value)),
        make("td", {}, rank === null ? "" : meter(rank)),
        make("td", {}, rank === null ? "" : `> ${Math.floor(rank * 100)} %`)));
    }
    return make("table", { class: "placed" }, make("caption", { class: "sr" }, "Scores, and the share of the pool that each exceeds"), body);
  }
  function meter(value) {
    const svg = document.createElementNS(SVG, "svg");
    svg.setAttribute("class", "bar");
    svg.setAttribute("viewBox", "0 0 100 10");
    svg.setAttribute("preserveAspectRatio", "none");
    svg.setAttribute("aria-hidden", "true");
    for (const [kind, width] of [["groove", 100], ["fill active", 100 * value]]) {
      const rect = document.createElementNS(SVG, "rect");
      rect.setAttribute("class", kind);
      rect.setAttribute("width", width);
      rect.setAttribute("height", 10);
      svg.append(rect);
    }
    return svg;
  }

  function inside(row) {
    const asked = row.answers.filter((answer) => answer.asked);
    const others = row.answers.filter((answer) => !answer.asked);
    const chance = row.chance === null ? "no chance was involved" : `chance of inclusion ${number(row.chance)}`;
    const left = make("div", {}, make("h4", {}, "Why it was chosen"), make("p", { class: "why" }, ...pieces(row.reason || "No reason was recorded.")),
      make("p", { class: "fine" }, `${PART[row.part] ?? row.part}, ${chance}`),
      ...(data.queue.scores.length ? [make("h4", {}, "Scores, and the pool’s share below"), placed(row)] : []),
      make("h4", {}, "Item"), make("p", { class: "fine" }, ...pieces(row.id)));
    const right = make("div", {}, make("h4", {}, "Prompt"), textBlock(row.prompt));
    const pair = make("div", { class: "asked" });
    asked.forEach((answer, index) => {
      const name = rewrite ? "Answer under review" : `Answer ${String.fromCharCode(65 + index)}`;
      const won = !rewrite && row.outcome === "ab"[index];
      pair.append(make("div", { class: won ? "won" : null }, make("h4", {}, answer.model ? `${name}, by ` : name, ...pieces(answer.model), won ? " (preferred)" : ""), textBlock(answer.text)));
    });
    right.append(pair);
    if (row.rewritten) {
      const diff = asked[0]?.text && changed(asked[0].text, row.rewritten);
      right.append(make("h4", {}, diff ? "What a person changed" : "What a person wrote instead"), diff || textBlock(row.rewritten));
    }
    if (others.length) {
      right.append(make("h4", {}, "The other answers, not shown to reviewers"));
      const under = asked[0]?.read;
      for (const answer of others) {
        const slot = make("details", { on: { toggle: () => { if (slot.childElementCount === 1) slot.append(textBlock(answer.text)); } } },
          make("summary", {}, ...pieces(answer.model || "model not named"),
            answer.read ? make("span", { class: answer.read === under ? "read same-as" : "read", dir: "auto" }, ...pieces(answer.read)) : ""));
        right.append(slot);
      }
    }
    return make("div", { class: "inside" }, left, right);
  }

  let sort = { column: 0, up: true }, limit = FIRST;
  const filters = { search: "", part: "", status: "", outcome: "" };
  const haystacks = new Map();
  function haystack(row) {
    if (!haystacks.has(row)) haystacks.set(row, [row.id, row.reason, row.prompt ?? "", row.outcome, row.rewritten ?? "",
      ...row.answers.flatMap((answer) => [answer.model, answer.text ?? ""])].join("\n").toLowerCase());
    return haystacks.get(row);
  }
  function matching() {
    const needle = filters.search.trim().toLowerCase();
    const kept = rows.filter((row) => ["part", "status", "outcome"].every((key) => !filters[key] || row[key] === filters[key])
      && (!needle || haystack(row).includes(needle)));
    const value = columns[sort.column].value;
    const sign = sort.up ? 1 : -1;
    return kept.map((row) => [value(row), row]).sort(([x, a], [y, b]) =>
      (x === null) - (y === null) || (x < y ? -sign : x > y ? sign : 0) || a.order - b.order).map(([, row]) => row);
  }

  const table = $("queue-table");
  function draw() {
    const found = matching();
    const body = table.tBodies[0];
    body.replaceChildren(...found.slice(0, limit).map((row) => {
      const line = make("tr", { class: "item", id: "row-" + row.order, on: { click: (event) => {
        if (!String(getSelection()) || event.target.closest("button")) toggle(row);
      } } });
      for (const column of columns) line.append(make("td", { class: column.class ?? null, "data-label": column.label }, ...column.cell(row)));
      return line;
    }));
    $("q-count").textContent = found.length === rows.length ? `${rows.length.toLocaleString("en")} rows`
      : `${found.length.toLocaleString("en")} of ${rows.length.toLocaleString("en")} rows`;
    const left = found.length - limit;
    $("queue-more").hidden = left <= 0;
    if (left > 0) $("queue-more").replaceChildren(
      make("button", { type: "button", on: { click: () => { limit += STEP; draw(); } } }, `Show ${Math.min(STEP, left)} more`),
      make("button", { type: "button", on: { click: () => { limit = Infinity; draw(); } } }, `Show all ${found.length.toLocaleString("en")}`));
    [...table.tHead.rows[0].cells].forEach((head, index) =>
      head.setAttribute("aria-sort", index !== sort.column ? "none" : sort.up ? "ascending" : "descending"));
  }
  function toggle(row, open) {
    const line = $("row-" + row.order), button = line.querySelector(".opener");
    const there = $("detail-" + row.order);
    if (there && open !== true) there.remove();
    else if (!there) line.after(make("tr", { class: "detail", id: "detail-" + row.order }, make("td", { colspan: columns.length }, inside(row))));
    const now = Boolean($("detail-" + row.order));
    line.classList.toggle("open", now);
    button.setAttribute("aria-expanded", String(now));
  }
  function goTo(row) {
    Object.assign(filters, { search: "", part: "", status: "", outcome: "" });
    for (const key of Object.keys(filters)) $("q-" + key).value = "";
    if (matching().indexOf(row) >= limit) limit = Infinity;
    draw();
    toggle(row, true);
    $("row-" + row.order).scrollIntoView({ block: "start" });
    $("row-" + row.order).querySelector(".opener").focus({ preventScroll: true });
  }
  if (table) {
    columns.forEach((column, index) => table.tHead.rows[0].append(make("th", { scope: "col", class: column.class ?? null, title: column.title || null },
      make("button", { type: "button", on: { click: () => {
        sort = { column: index, up: sort.column === index ? !sort.up : column.class !== "n" };
        draw();
      } } }, ...breakable(column.name)))));
    for (const key of ["part", "status", "outcome"]) {
      const values = [...new Set(rows.map((row) => row[key]))].filter(Boolean).sort();
      $("q-" + key).append(...values.map((value) => make("option", { value }, key === "part" ? PART[value] ?? value : words(value))));
      $("q-" + key).parentElement.hidden = values.length < 2;
      $("q-" + key).addEventListener("change", (event) => { filters[key] = event.target.value; limit = FIRST; draw(); });
    }
    $("q-search").addEventListener("input", (event) => { filters.search = event.target.value; limit = FIRST; draw(); });
    $("queue-tools").hidden = table.hidden = false;
    draw();
    const linked = /^#row-(\d+)$/.exec(location.hash);
    const target = linked && rows.find((row) => row.order === Number(linked[1]));
    if (target) goTo(target);
  }

  /* The map: what lies under the pointer. */
  const svg = $("map-svg");
  if (svg) {
    const here = $("map-here"), card = $("map-card");
    const rest = () => {
      here.setAttribute("visibility", "hidden");
      card.replaceChildren(make("p", { class: "fine" }, data.hover.length ? "Point at the map to read a prompt." : ""));
    };
    const marks = [...svg.querySelectorAll(".mark")].map((mark) => {
      const box = mark.getBBox();
      return { x: box.x + box.width / 2, y: box.y + box.height / 2, row: rows[Number(mark.dataset.row)], part: mark.classList[1] };
    });
    const nearest = (event) => {
      const at = new DOMPoint(event.clientX, event.clientY).matrixTransform(svg.getScreenCTM().inverse());
      let best = null, least = 26 ** 2;
      const consider = (x, y, bonus, what) => {
        const gap = (x - at.x) ** 2 + (y - at.y) ** 2 - bonus;
        if (gap < least) { least = gap; best = { x, y, ...what }; }
      };
      if (!svg.classList.contains("hide-dust")) for (const [x, y, text] of data.hover) consider(x, y, 0, { text });
      for (const { x, y, row, part } of marks) if (!svg.classList.contains("hide-" + part)) consider(x, y, 60, { row, text: row.prompt ?? row.id });
      return best;
    };
    svg.addEventListener("pointermove", (event) => {
      const found = nearest(event);
      if (!found) return rest();
      here.setAttribute("cx", found.x);
      here.setAttribute("cy", found.y);
      here.setAttribute("visibility", "visible");
      const said = cutAt(found.text, 280);
      card.replaceChildren(
        make("p", { class: "fine" }, ...(found.row ? [make("span", { class: "key " + found.row.part }), `number ${found.row.order} of the queue, ${PART[found.row.part] ?? found.row.part}`] : ["in the pool, not chosen"])),
        make("p", { class: "said", dir: "auto" }, ...pieces(said), said.length < found.text.length ? "…" : ""),
        ...(found.row ? [make("p", { class: "fine" }, ...pieces(found.row.reason))] : []));
    });
    svg.addEventListener("pointerleave", rest);
    svg.addEventListener("click", (event) => { const found = nearest(event); if (found && found.row) goTo(found.row); });
    for (const box of document.querySelectorAll("[data-layer]"))
      box.addEventListener("change", () => svg.classList.toggle("hide-" + box.dataset.layer, !box.checked));
    rest();
  }

  /* The summary: title and section in view. */
  const summary = $("summary");
  new IntersectionObserver(([entry]) => summary.classList.toggle("stuck", !entry.isIntersecting)).observe(document.querySelector(".masthead"));
  const links = new Map([...summary.querySelectorAll("nav a")].map((link) => [link.hash.slice(1), link]));
  const observer = new IntersectionObserver((entries) => {
    for (const entry of entries) {
      if (!entry.isIntersecting) continue;
      for (const link of links.values()) link.removeAttribute("aria-current");
      links.get(entry.target.id)?.setAttribute("aria-current", "true");
    }
  }, { rootMargin: "-25% 0px -65% 0px" });
  for (const section of document.querySelectorAll("main section")) observer.observe(section);
})();
