// window.ssmMake: a new element in its parent.
window.ssmMake = (tag, parent, attributes = {}, text = "") => {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  if (text) node.textContent = text; // never innerHTML: labels may hold what a visitor typed
  parent.append(node);
  return node;
};
