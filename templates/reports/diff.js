
"use strict";
(() => {
  const root = document.documentElement;
  const themes = ["system", "light", "dark"];
  const button = document.getElementById("theme");
  const stored = (value) => {
    try {
      if (value !== undefined) localStorage.setItem("sdkpress-theme", value);
      return localStorage.getItem("sdkpress-theme");
    } catch {
      return null; // storage is refused to some pages; the switch works without it
    }
  };
  const show = (theme) => {
    if (theme === "system") delete root.dataset.theme;
    else root.dataset.theme = theme;
    button.textContent = `Theme: ${theme}`;
    button.value = theme;
  };
  show(themes.includes(stored()) ? stored() : "system");
  button.addEventListener("click", () => {
    const next = themes[(themes.indexOf(button.value) + 1) % themes.length];
    show(next);
    stored(next);
  });
  button.hidden = false;

  const form = document.getElementById("filter");
  if (!form) return;
  const status = document.getElementById("shown");
  const reset = document.getElementById("all");
  const sections = [...document.querySelectorAll("section.severity")].map((section) => ({
    section,
    cards: [...section.querySelectorAll(".card")].map((card) => ({
      card,
      items: [...card.querySelectorAll(".item")].map((item) => ({
        item,
        axes: item.dataset.axes.split(" "),
        hasCalls: "calls" in item.dataset,
        text: `${item.textContent} ${card.querySelector("thead, .places")?.textContent ?? ""}`
          .replace(/\s+/g, " ").toLowerCase(),
      })),
    })),
  }));
  const total = sections.reduce((sum, part) => sum + part.section.querySelectorAll(".item").length, 0);
  const checked = (name) => [...form.querySelectorAll(`[name="${name}"]:checked`)].map((box) => box.value);

  const apply = () => {
    const severities = checked("severity");
    const axes = checked("axis");
    const needsCalls = checked("calls").length > 0;
    const words = form.elements.text.value.toLowerCase().split(/\s+/).filter(Boolean);
    let count = 0;
    for (const { section, cards } of sections) {
      const isWanted = severities.includes(section.dataset.severity);
      let shownCards = 0;
      for (const { card, items } of cards) {
        let shownItems = 0;
        for (const { item, axes: own, hasCalls, text } of items) {
          const isShown = isWanted && own.some((axis) => axes.includes(axis))
            && (hasCalls || !needsCalls) && words.every((word) => text.includes(word));
          item.hidden = !isShown;
          shownItems += isShown;
        }
        card.hidden = shownItems === 0;
        shownCards += shownItems > 0;
        count += shownItems;
      }
      section.hidden = shownCards === 0;
    }
    const text = `${count} of ${total} shown`;
    if (status.textContent !== text) status.textContent = text;
    reset.hidden = count === total;
  };
  let waiting = 0;
  form.addEventListener("input", () => {
    clearTimeout(waiting);
    waiting = setTimeout(apply, total > 500 ? 150 : 0);
  });
  form.addEventListener("reset", () => setTimeout(apply, 0));
  form.addEventListener("submit", (event) => event.preventDefault());

  // A link to a change that the filter hides shows it.
  const follow = () => {
    const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
    if (!target?.classList.contains("item")) return;
    if (target.hidden) {
      form.reset();
      apply();
      target.scrollIntoView();
    }
    target.focus({ preventScroll: true });
  };
  addEventListener("hashchange", follow);
  form.hidden = false;
  apply(); // a browser may have kept the choices of an earlier visit
  if (location.hash) follow();
})();
