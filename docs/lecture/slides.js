// Arrow keys and page keys go from slide to slide.
addEventListener("keydown", event => {
  const way = {ArrowRight: 1, PageDown: 1, ArrowLeft: -1, PageUp: -1}[event.key];
  if (!way) return;
  event.preventDefault();
  const all = [...document.querySelectorAll("section")];
  const now = all.findIndex(each => each.getBoundingClientRect().bottom > 40);
  all[Math.min(all.length - 1, Math.max(0, now + way))].scrollIntoView();
});
