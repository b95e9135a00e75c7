// Small things that every part of the page does.

// A new element in its parent.
window.ssmMake = (tag, parent, attributes = {}, text = "") => {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  if (text) node.textContent = text; // never innerHTML: labels may hold what a visitor typed
  parent.append(node);
  return node;
};

// Put a text into the clipboard; what is to be said then, as the message area shows it.
window.ssmCopy = async (text, done, otherwise) => {
  const say = (words) => `<p class="notice" role="status">${words.replace(/[&<>"]/g, (c) => `&#${c.charCodeAt(0)};`)}</p>`;
  try { await navigator.clipboard.writeText(text); return say(done); } catch { return say(otherwise); }
};

window.ssmCopyLink = (query) => {
  const url = `${location.origin}${location.pathname}?${query}`;
  return window.ssmCopy(url, "Link copied.", `Copy this link: ${url}`);
};

// A file that a handler has made reaches its hidden button only after this event.
window.ssmClick = (id) => { setTimeout(() => document.getElementById(id).click(), 0); };
