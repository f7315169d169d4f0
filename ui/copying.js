// Copies the text that comes with the button. Where the page is not served over HTTPS or from this machine, browsers
// offer no clipboard, and the older way is taken.

const SHEETS = '<rect x="8" y="8" width="12" height="12" rx="2"/><path d="M16 8V6a2 2 0 0 0-2-2H6a2 2 0 0 0-2 2v8a2 2 0 0 0 2 2h2"/>';
const TICK = '<path d="M5 12.5l4.5 4.5L19 7"/>';
const SHOWN_MS = 2000;

const draw = (button, paths, label) => {
  button.innerHTML = `<svg viewBox="0 0 24 24" aria-hidden="true">${paths}</svg>`;
  button.setAttribute("aria-label", label);
  button.title = label;
};

const copyTheOlderWay = (text) => {
  const area = document.createElement("textarea");
  area.value = text;
  document.body.append(area);
  area.select();
  document.execCommand("copy");
  area.remove();
};

export default function ({ data, parentElement }) {
  const button = parentElement.querySelector("button");
  draw(button, SHEETS, data.copy);
  button.onclick = async () => {
    if (navigator.clipboard) {
      await navigator.clipboard.writeText(data.text);
    } else {
      copyTheOlderWay(data.text);
      button.focus();
    }
    draw(button, TICK, data.copied);
    setTimeout(() => draw(button, SHEETS, data.copy), SHOWN_MS);
  };
}
