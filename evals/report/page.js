// Draws the samples that are looked for, one page of them at a time. All text is set as text, never as markup.
"use strict";
(() => {
  const PAGE = 20;
  const read = (id) => JSON.parse(document.getElementById(id).textContent);
  const samples = read("data");
  let pictures = []; // they follow this script, so that it need not wait for them
  const [form, list, found, pages, card] = ["search", "list", "found", "pages", "card"].map((id) =>
    document.getElementById(id),
  );
  const [back, where, next] = pages.children;
  const orders = {
    worst: (a, b) => (a.score ?? 2) - (b.score ?? 2),
    best: (a, b) => (b.score ?? -1) - (a.score ?? -1),
    sure: (a, b) => (b.confidence ?? -1) - (a.confidence ?? -1),
    unsure: (a, b) => (a.confidence ?? 2) - (b.confidence ?? 2),
    slow: (a, b) => b.seconds - a.seconds,
  };
  let chosen = samples;
  let page = 0;

  const searched = (sample) =>
    (sample.searched ??= [sample.id, sample.prompt, sample.answer, sample.references].join("\n").toLowerCase());

  function choose() {
    const { words, order, ...filters } = Object.fromEntries(new FormData(form));
    const wanted = words.toLowerCase().split(/\s+/).filter(Boolean);
    const kept = Object.entries(filters).filter(([, value]) => value);
    chosen = samples.filter(
      (sample) =>
        kept.every(([name, value]) => sample[name] === value) && wanted.every((word) => searched(sample).includes(word)),
    );
    if (order) chosen.sort(orders[order]);
    page = 0;
    draw();
  }

  function drawn(sample) {
    const made = card.content.firstElementChild.cloneNode(true);
    for (const place of made.querySelectorAll("[data-of]")) {
      if (place.dataset.of !== "pictures") place.textContent = sample[place.dataset.of];
    }
    sample.pictures.forEach((place, number) => {
      if (!pictures[place]) return;
      const picture = new Image();
      picture.src = pictures[place];
      picture.alt = `picture ${number + 1}`;
      made.querySelector("[data-of=pictures]").append(picture);
    });
    return made;
  }

  function draw() {
    const last = Math.max(Math.ceil(chosen.length / PAGE) - 1, 0);
    list.replaceChildren(...chosen.slice(page * PAGE, (page + 1) * PAGE).map(drawn));
    found.textContent = `${chosen.length.toLocaleString("en")} of ${samples.length.toLocaleString("en")} samples`;
    where.textContent = `Page ${page + 1} of ${last + 1}`;
    back.disabled = page === 0;
    next.disabled = page === last;
    pages.hidden = last === 0;
  }

  form.addEventListener("input", choose);
  form.addEventListener("submit", (event) => event.preventDefault());
  pages.addEventListener("click", (event) => {
    if (!event.target.value) return;
    page += Number(event.target.value);
    draw();
    list.scrollIntoView();
  });
  document.addEventListener("DOMContentLoaded", () => {
    pictures = read("pictures");
    draw();
  });
  form.hidden = false;
  choose();
})();
