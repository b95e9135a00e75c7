// Small things that every part of the page does.

// A new element in its parent.
window.ssmMake = (tag, parent, attributes = {}, text = "") => {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  if (text) node.textContent = text; // never innerHTML: labels may hold what a visitor typed
  parent.append(node);
  return node;
};

// act(), and true where it came to its end. Where it fails the page says so once, above what is in `root`, and goes on.
const FAILED = "Part of this page could not be drawn here. The rest goes on; a newer browser may draw it whole.";
window.ssmTry = (root, act) => {
  try {
    act();
    return true;
  } catch (error) {
    if (root.querySelector(".failed")) return false;
    console.error(error);
    root.prepend(window.ssmMake("p", root, { class: "problem failed", role: "alert" }, FAILED));
    return false;
  }
};

// What this browser keeps from one page to the next, by name; "" where it keeps nothing. set: whether it is kept.
window.ssmStore = {
  get(name) {
    try { return localStorage.getItem(`ssm-metarl-${name}`) ?? ""; } catch { return ""; }
  },
  set(name, text) {
    try {
      text ? localStorage.setItem(`ssm-metarl-${name}`, text) : localStorage.removeItem(`ssm-metarl-${name}`);
      return true;
    } catch { return false; }
  },
};

// Put the link with this query into the clipboard; what is to be said then, as the message area shows it.
window.ssmCopyLink = async (query) => {
  const url = `${location.origin}${location.pathname}?${query}`;
  const asked = new URLSearchParams(query), own = /(^|_)yours/.test(`${asked.get("policy")}_${asked.get("start")}_${asked.get("race")}`);
  const alone = own ? " It starts from a policy that only you have: save its weights and send them along." : "";
  const say = (words) => `<p class="notice" role="status">${words.replace(/[&<>"]/g, (c) => `&#${c.charCodeAt(0)};`)}</p>`;
  try { await navigator.clipboard.writeText(url); return say(`Link copied.${alone}`); } catch { return say(`Copy this link: ${url}`); }
};

// A file that a handler has made reaches its hidden button only after this event.
const downloaded = {}; // id -> the address of the file that its button gave last, and when, ms
window.ssmDownload = (id, file) => { // Gradio may tell of one file twice, at once; made again later, the same has the same address
  const last = downloaded[id], now = performance.now();
  if (!file || (file.url === last?.url && now - last.at < 1000)) return;
  downloaded[id] = { url: file.url, at: now };
  setTimeout(() => document.getElementById(id).click(), 0);
};

// Give the visitor a file that the page has made.
window.ssmSave = (name, content) => {
  const link = document.createElement("a"), url = URL.createObjectURL(new Blob([content], { type: "application/octet-stream" }));
  Object.assign(link, { href: url, download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 10000);
};

// A problem that names a field stands beside that field where it is in sight; the message area keeps it for screen readers. Any other
// is brought into sight.
window.ssmBeside = (id) => setTimeout(() => {
  const area = document.getElementById(id);
  if (!area) return; // its tab is not open yet
  if (area.querySelector(".forgotten")) window.ssmLine.forgotten();
  const page = area.closest("[role=tabpanel]") || document;
  for (const old of page.querySelectorAll(".wrong")) {
    old.classList.remove("wrong");
    old.querySelector(".beside")?.remove();
    for (const input of old.querySelectorAll("input")) input.removeAttribute("aria-invalid");
  }
  const problem = area.querySelector(".problem"), named = problem?.dataset.field;
  const field = named && page.querySelector(`.${named}`), beside = !!field?.offsetParent;
  area.classList.toggle("moved", beside);
  if (!beside) return problem && window.ssmSee(id);
  field.classList.add("wrong");
  for (const input of field.querySelectorAll("input")) input.setAttribute("aria-invalid", "true");
  window.ssmMake("p", field, { class: "problem beside", "aria-hidden": "true" }, problem.textContent);
}, 0);

// Press a button soon, once, however many changes come until then.
const soon = {};
window.ssmSoon = (id, wait = 300) => {
  clearTimeout(soon[id]);
  soon[id] = setTimeout(() => document.getElementById(id).click(), wait);
};
window.ssmNow = (id) => clearTimeout(soon[id]);
