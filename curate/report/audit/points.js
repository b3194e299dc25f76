/* The map: every row a point on a canvas; what lies under the pointer; colours by the filters. */
(() => {
  const { data, filters, listeners, glyph, CLASS, WORD, count } = audit;
  const map = data.map, canvas = $("m-canvas");
  const LEVEL = { i: 1, w: 2, e: 3 }, NAME = ["", "i", "w", "e"];
  if (map && canvas) {
    const bytes = (text) => Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0)).buffer;
    const xy = new Uint16Array(bytes(map.xy)), rows = new Uint32Array(bytes(map.rows)), part = new Int8Array(bytes(map.part));
    const runs = new Int32Array(bytes(map.places)), n = rows.length;
    const xs = Float32Array.from({ length: n }, (_, i) => xy[2 * i] / map.scale), ys = Float32Array.from({ length: n }, (_, i) => xy[2 * i + 1] / map.scale);
    const faults = map.faults.map((some) => some.map(([severity, kind, text]) => [severity, kind === "bits" ? unpacked(new Uint8Array(bytes(text))) : listed(new Uint32Array(bytes(text)))]));
    const level = new Uint8Array(n);
    const regions = new Map([...rows].map((row, i) => [row, part[i]]));
    audit.setRegions((row) => regions.get(row) ?? -1);

    function unpacked(bits) {
      const out = new Uint8Array(n);
      for (let i = 0; i < n; i++) out[i] = bits[i >> 3] >> (i & 7) & 1;
      return out;
    }
    function listed(points) {
      const out = new Uint8Array(n);
      for (const i of points) out[i] = 1;
      return out;
    }
    function place(i) {
      let low = 0, high = runs.length / 3 - 1;
      while (low < high) {
        const middle = (low + high + 1) >> 1;
        if (runs[3 * middle] <= i) low = middle; else high = middle - 1;
      }
      return `${data.findings.files[runs[3 * low + 1]]}:${runs[3 * low + 2] + i - runs[3 * low]}`;
    }

    /* A grid of cells, so that what is near is found at once. */
    const CELL = 16, across = Math.ceil(map.width / CELL) + 1, down = Math.ceil(map.height / CELL) + 1;
    const start = new Uint32Array(across * down + 1), inCell = new Uint32Array(n);
    const cell = (x, y) => Math.floor(y / CELL) * across + Math.floor(x / CELL);
    for (let i = 0; i < n; i++) start[cell(xs[i], ys[i]) + 1]++;
    for (let c = 0; c < start.length - 1; c++) start[c + 1] += start[c];
    const next = start.slice();
    for (let i = 0; i < n; i++) inCell[next[cell(xs[i], ys[i])]++] = i;
    function nearest(x, y) {
      let best = -1, least = 18 ** 2;
      const reach = 2, column = Math.floor(x / CELL), row = Math.floor(y / CELL);
      for (let r = Math.max(0, row - reach); r <= Math.min(down - 1, row + reach); r++)
        for (let c = Math.max(0, column - reach); c <= Math.min(across - 1, column + reach); c++)
          for (let k = start[r * across + c]; k < start[r * across + c + 1]; k++) {
            const i = inCell[k], gap = (xs[i] - x) ** 2 + (ys[i] - y) ** 2 - (level[i] ? 30 : 0);
            if (gap < least) { least = gap; best = i; }
          }
      return best;
    }

    /* Drawing. */
    const sizes = n > 40_000 ? [2.2, 3.4] : n > 8_000 ? [3, 4.6] : [6, 8.5];
    function colours() {
      const style = getComputedStyle(document.documentElement);
      return ["--pool", "--info", "--warning", "--error"].map((name) => style.getPropertyValue(name).trim());
    }
    function recolour() {
      level.fill(0);
      const seen = [0, 0, 0, 0];
      data.checks.forEach((check, c) => {
        if (filters.check && check.name !== filters.check) return;
        for (const [severity, mask] of faults[c]) {
          if (filters.severity && severity !== filters.severity) continue;
          const at = LEVEL[severity];
          for (let i = 0; i < n; i++) if (mask[i] && level[i] < at) level[i] = at;
        }
      });
      for (let i = 0; i < n; i++) seen[level[i]]++;
      $("m-showing").textContent = filters.check || (filters.severity ? `${WORD[filters.severity]}s` : "All checks");
      $("m-legend").replaceChildren(...[3, 2, 1].filter((at) => seen[at]).map((at) => make("li", {}, glyph(NAME[at]), WORD[NAME[at]], make("span", {}, count(seen[at])))),
        make("li", {}, make("span", { class: "dot" }), "nothing found", make("span", {}, count(seen[0]))));
      draw();
    }
    function draw() {
      const wide = canvas.clientWidth || map.width, ratio = devicePixelRatio || 1, scale = wide * ratio / map.width;
      canvas.width = Math.round(wide * ratio);
      canvas.height = Math.round(map.height * scale);
      const pen = canvas.getContext("2d"), colour = colours();
      const away = filters.part === "" ? null : Number(filters.part);
      for (let at = 0; at < 4; at++) {
        pen.fillStyle = colour[at];
        const size = sizes[at ? 1 : 0] * scale * (wide < 600 ? 1.5 : 1), half = size / 2;
        for (const faint of away === null ? [false] : [true, false]) {
          pen.strokeStyle = colour[at];
          pen.lineWidth = 2 * scale;
          pen.globalAlpha = (at ? .9 : n > 8_000 ? .55 : .75) * (faint ? .2 : 1);
          for (let i = 0; i < n; i++) {
            if (level[i] !== at || away !== null && faint !== (part[i] !== away)) continue;
            const x = xs[i] * scale, y = ys[i] * scale;
            if (n > 8_000 && !at) { pen.fillRect(x - half, y - half, size, size); continue; }
            pen.beginPath();
            if (at === 2) { pen.moveTo(x, y - half * 1.2); pen.lineTo(x + half * 1.1, y + half * .8); pen.lineTo(x - half * 1.1, y + half * .8); }
            else if (at === 3) octagon(pen, x, y, half);
            else pen.arc(x, y, half, 0, 7);
            if (at === 1 && n <= 40_000) pen.stroke(); else pen.fill();
          }
        }
      }
    }

    function octagon(pen, x, y, r) {
      const c = r * .42;
      pen.moveTo(x - c, y - r);
      for (const [dx, dy] of [[c, -r], [r, -c], [r, c], [c, r], [-c, r], [-r, c], [-r, -c]]) pen.lineTo(x + dx, y + dy);
    }

    /* What lies under the pointer. */
    const here = $("m-here"), card = $("m-card");
    function rest() {
      here.setAttribute("visibility", "hidden");
      card.replaceChildren(make("p", { class: "fine" }, "Point at the map to read a row."));
    }
    function under(event) {
      const box = canvas.getBoundingClientRect(), scale = map.width / box.width;
      return nearest((event.clientX - box.left) * scale, (event.clientY - box.top) * scale);
    }
    canvas.addEventListener("pointermove", (event) => {
      const i = under(event);
      canvas.style.cursor = i >= 0 && level[i] ? "pointer" : "";
      if (i < 0) return rest();
      here.setAttribute("cx", xs[i]);
      here.setAttribute("cy", ys[i]);
      here.setAttribute("visibility", "visible");
      const flags = data.checks.flatMap((check, c) => faults[c].filter(([, mask]) => mask[i]).map(([severity]) => make("p", { class: "flag" }, glyph(severity), make("span", { class: "sr" }, WORD[severity]), check.name)));
      card.replaceChildren(make("p", { class: "place" }, ...pieces(place(i))),
        map.labels.length ? make("p", { class: "said", dir: "auto" }, ...pieces(map.labels[i]), map.labels[i] ? "" : "…") : "",
        ...(flags.length ? flags : [make("p", { class: "fine" }, "Nothing found.")]));
    });
    canvas.addEventListener("pointerleave", rest);
    canvas.addEventListener("click", (event) => {
      const i = under(event);
      if (i >= 0 && level[i] && !audit.find(rows[i]))
        card.append(make("p", { class: "fine" }, `Its finding is not among those on this page: look for ${place(i)} in ${data.all}.`));
    });
    $("m-names").addEventListener("change", (event) => $("m-box").querySelector(".names").classList.toggle("off", !event.target.checked));
    listeners.push(recolour);
    new ResizeObserver(draw).observe($("m-box"));
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
    rest();
    recolour();
  }

  /* The summary: title and section in view; on paper everything is open. */
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
  addEventListener("beforeprint", () => { for (const slot of document.querySelectorAll("details.check")) slot.open = true; });
  audit.opened();
})();
