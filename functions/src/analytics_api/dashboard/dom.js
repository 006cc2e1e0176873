// Elements made from values, and a page that changes only where it differs. What comes from outside becomes text.

const $ = (id) => document.getElementById(id);

const maker = (namespace) => (name, attributes = {}, ...children) => {
  const node = document.createElementNS(namespace, name);
  for (const [key, value] of Object.entries(attributes)) {
    if (key.startsWith("on")) (node.hears ??= {})[key] = node[key] = value;
    // The policy forbids styles in attributes; properties are the script's own.
    else if (key.startsWith("--")) node.style.setProperty(key, value);
    else if ((value ?? false) !== false) node.setAttribute(key, value === true ? "" : value);
  }
  node.append(...children.flat(Infinity).filter((child) => (child ?? false) !== false));
  return node;
};
const el = maker("http://www.w3.org/1999/xhtml");
const svg = maker("http://www.w3.org/2000/svg");

// What a template of the page holds.
const copy = (id) => $(id).content.firstElementChild.cloneNode(true);

// Makes one node equal to another and keeps what is equal, and with it the focus, the selection and the place in it.
const patch = (node, fresh) => {
  if (fresh.isKept) return;
  if (node.nodeName !== fresh.nodeName || node.id !== fresh.id) return node.replaceWith(fresh);
  if (node.nodeType === Node.TEXT_NODE) {
    if (node.data !== fresh.data) node.data = fresh.data;
    return;
  }
  for (const { name } of [...node.attributes]) if (!fresh.hasAttribute(name)) node.removeAttribute(name);
  for (const { name, value } of fresh.attributes) {
    // What was written into a field stands before what its attribute says.
    if (name === "value" && node !== document.activeElement) node.value = value;
    if (node.getAttribute(name) === value) continue;
    if (name === "style") node.style.cssText = value;
    else node.setAttribute(name, value);
  }
  for (const name in { ...node.hears, ...fresh.hears }) node[name] = fresh[name];
  node.hears = fresh.hears;
  const children = [...fresh.childNodes];
  while (node.childNodes.length > children.length) node.lastChild.remove();
  children.forEach((child, at) => (node.childNodes[at] ? patch(node.childNodes[at], child) : node.append(child)));
};

// A part that depends on what it did the last time stays as it is.
const parts = new Map();
const part = (name, inputs, make) => {
  const before = parts.get(name);
  parts.set(name, inputs);
  return before?.every((input, place) => input === inputs[place]) ? Object.assign(el("i"), { isKept: true }) : make();
};

// Says something to whoever listens rather than looks.
const say = (text) => ($("status").textContent = text);
