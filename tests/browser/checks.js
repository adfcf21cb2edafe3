// What must hold for every side of every card, asked of the browser itself.
"use strict";

const LEAST_CONTRAST = 4.5; // WCAG 2, level AA, for text of ordinary size
const FORBIDDEN =
  "script, iframe, object, embed, form, input, link, meta, base, audio, video, foreignObject";

async function show(html, classes) {
  let styled = [];
  await _updateQA(html, null, () => {
    document.body.className = classes;
    // A style sheet has its rules when the one that it imports has come, or has not.
    styled = [...document.querySelectorAll("#qa style")].map(
      (style) => new Promise((done) => { style.onload = style.onerror = done; }));
  }, () => {});
  await Promise.all(styled);
}

async function checkAll({ sides, classes, width }) {
  const found = [];
  for (const side of sides) {
    await show(side.html, classes);
    const qa = document.getElementById("qa");
    for (const details of qa.querySelectorAll("details")) details.open = true;
    const faults = [
      ...overflow(qa, width), ...await images(qa), ...mathematics(qa), ...contrast(qa),
      ...dangers(qa), ...codes(qa, side.codes),
    ];
    found.push(...faults.map((fault) => `${side.name}: ${fault}`));
  }
  return found;
}

function overflow(qa, width) {
  const page = document.documentElement.scrollWidth;
  if (page <= width) return [];
  const wide = [...qa.querySelectorAll("*")].filter(
    (element) => element.getBoundingClientRect().right > width + 1 && !scrolls(element.parentElement));
  const innermost = wide.findLast((element) => !wide.some((other) => element !== other && element.contains(other)));
  return [`is ${page} px wide instead of ${width}: ${innermost ? describe(innermost) : "?"}`];
}

function scrolls(element) {
  if (element.id === "qa") return false;
  const { display, overflowX } = getComputedStyle(element);
  return (display !== "inline" && overflowX !== "visible") || scrolls(element.parentElement);
}

async function images(qa) {
  const faults = [];
  for (const image of qa.querySelectorAll("img")) {
    try {
      await image.decode();
    } catch {
      faults.push(`broken image ${image.getAttribute("src")}`);
      continue;
    }
    if (image.src.endsWith(".svg")) faults.push(...await drawing(image.src));
    if (!image.alt) faults.push(`image without a text: ${image.getAttribute("src")}`);
  }
  return faults;
}

async function drawing(address) {
  const text = await (await fetch(address)).text();
  const svg = new DOMParser().parseFromString(text, "image/svg+xml").documentElement;
  return dangers(svg).map((fault) => `in ${new URL(address).pathname}: ${fault}`);
}

function mathematics(qa) {
  // An unknown command is shown as it stands, in red.
  const wrong = "mjx-merror, [data-mjx-error], mjx-container [style*='color: red']";
  const faults = [...qa.querySelectorAll(wrong)].map(
    (error) => `MathJax: ${error.getAttribute("data-mjx-error") ?? error.textContent}`);
  for (const text of texts(qa)) {
    const inCode = text.parentElement.closest("pre, code, mjx-container");
    if (!inCode && /\\[([]|\\[)\]]/.test(text.data)) {
      faults.push(`mathematics left as text: ${text.data.trim().slice(0, 60)}`);
    }
  }
  return faults;
}

function contrast(qa) {
  const faults = new Set();
  for (const text of texts(qa)) {
    const element = text.parentElement;
    if (!text.data.trim() || !isShown(element) || element.closest("mjx-assistive-mml")) continue;
    const ground = backgroundOf(element);
    const ink = over(parse(getComputedStyle(element).color), ground);
    const ratio = contrastOf(ink, ground);
    if (ratio < LEAST_CONTRAST) {
      faults.add(`contrast ${ratio.toFixed(2)} of ${describe(element)}`);
    }
  }
  return [...faults];
}

function dangers(root) {
  const faults = [...root.querySelectorAll(FORBIDDEN)].map(
    (element) => `<${element.localName}>`);
  for (const element of root.querySelectorAll("*")) {
    if (element.closest("mjx-container")) continue;
    for (const { name, value } of element.attributes) {
      const isAddress = ["src", "href", "xlink:href", "action", "srcset"].includes(name);
      const isLink = element.localName === "a" && value.startsWith("https://");
      if (name.startsWith("on")) faults.push(`handler ${name} of <${element.localName}>`);
      else if (isAddress && !isLink && /^\s*([a-z][\w+.-]*:|\/\/)/i.test(value)) {
        faults.push(`address ${value.slice(0, 60)} of <${element.localName}>`);
      } else if (name === "style" && /url\(|expression|@import/i.test(value)) {
        faults.push(`style ${value.slice(0, 60)} of <${element.localName}>`);
      }
    }
  }
  return faults;
}

function codes(qa, expected) {
  const shown = [...qa.querySelectorAll("pre.code")].map((code) => code.textContent);
  if (shown.length !== expected.length) {
    return [`${shown.length} blocks of code instead of ${expected.length}`];
  }
  return shown
    .map((code, index) => (code === expected[index] ? null : `code ${index + 1} differs: ${code}`))
    .filter(Boolean);
}

function* texts(root) {
  const walker = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    if (!walker.currentNode.parentElement.closest("style")) yield walker.currentNode;
  }
}

function isShown(element) {
  return element.checkVisibility({ opacityProperty: false, visibilityProperty: true });
}

function backgroundOf(element) {
  const layers = [];
  for (let at = element; at; at = at.parentElement) {
    layers.push(parse(getComputedStyle(at).backgroundColor));
    if (layers.at(-1)[3] === 1) break;
  }
  return layers.reverse().reduce((ground, layer) => over(layer, ground), [255, 255, 255, 1]);
}

function parse(colour) {
  const [red, green, blue, alpha = 1] = colour.match(/[\d.]+/g).map(Number);
  return [red, green, blue, alpha];
}

function over([red, green, blue, alpha], ground) {
  return [red, green, blue].map((part, i) => part * alpha + ground[i] * (1 - alpha)).concat(1);
}

function contrastOf(first, second) {
  const [light, dark] = [luminance(first), luminance(second)].sort((a, b) => b - a);
  return (light + 0.05) / (dark + 0.05);
}

function luminance(colour) {
  const [red, green, blue] = colour.slice(0, 3).map((part) => {
    const value = part / 255;
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

function describe(element) {
  const name = element.className ? `${element.localName}.${element.className}` : element.localName;
  return `<${name}> ${element.textContent.trim().replace(/\s+/g, " ").slice(0, 40)}`;
}
