"use strict";
/* What the scripts of all pages stand on: elements, numbers, and texts shown as they are. */
const $ = (id) => document.getElementById(id);
const SVG = "http://www.w3.org/2000/svg";
const MOST_WORDS = 700;

function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [key, value] of Object.entries(attributes)) {
    if (key === "on") for (const [event, act] of Object.entries(value)) element.addEventListener(event, act);
    else if (value !== null && value !== false) element.setAttribute(key, value);
  }
  element.append(...children.filter((child) => child !== null && child !== ""));
  return element;
}

function number(value) {
  if (value === null || value === undefined) return "–";
  const size = Math.abs(value);
  if (size > 0 && size < 0.005) return value.toExponential(1);
  if (size >= 1000 || (size >= 10 && Number.isInteger(value))) return Math.round(value).toLocaleString("en");
  return value.toFixed(size >= 100 ? 0 : size >= 10 ? 1 : 2);
}

/* Texts. What the eye cannot see is written out, so that nothing hides in it. */
const UNSEEN = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\u200b\u200e\u200f\u202a-\u202e\u2060-\u2069\ufeff\ud800-\udfff]/u;
function pieces(text) {
  if (!UNSEEN.test(text)) return [text];
  return text.split(new RegExp(`(${UNSEEN.source})`, "u")).filter(Boolean).map((piece) =>
    piece.length === 1 && UNSEEN.test(piece)
      ? make("span", { class: "unseen" }, "U+" + piece.charCodeAt(0).toString(16).toUpperCase().padStart(4, "0"))
      : piece);
}
function cutAt(text, n) {
  const code = text.charCodeAt(n - 1);
  return text.slice(0, code >= 0xd800 && code < 0xdc00 ? n - 1 : n);
}

/* Runs of what was left out, put in, or kept, word by word: longest common subsequence. */
function difference(before, after) {
  const a = before.split(/(\s+)/), b = after.split(/(\s+)/);
  if (a.length > MOST_WORDS * 2 || b.length > MOST_WORDS * 2) return null;
  const width = b.length + 1;
  const best = new Uint16Array((a.length + 1) * width);
  for (let i = a.length - 1; i >= 0; i--)
    for (let j = b.length - 1; j >= 0; j--)
      best[i * width + j] = a[i] === b[j] ? best[(i + 1) * width + j + 1] + 1
        : Math.max(best[(i + 1) * width + j], best[i * width + j + 1]);
  if (best[0] < 0.25 * Math.min(a.length, b.length)) return null;
  const runs = [];
  const add = (kind, word) => {
    if (runs.length && runs.at(-1)[0] === kind) runs.at(-1)[1] += word;
    else runs.push([kind, word]);
  };
  let i = 0, j = 0;
  while (i < a.length || j < b.length) {
    if (i < a.length && j < b.length && a[i] === b[j]) { add("", a[i]); i++; j++; }
    else if (i < a.length && (j === b.length || best[(i + 1) * width + j] >= best[i * width + j + 1])) add("del", a[i++]);
    else add("ins", b[j++]);
  }
  return runs;
}
