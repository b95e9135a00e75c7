// Words that explain themselves (ui/views/terms.py): point at one, tap it, or tab to it; Esc or a tap elsewhere closes.
(() => {
  const GAP = 8; // px, from the window's edge
  let open = null;

  function close() {
    if (open) open.classList.remove("open");
    open = null;
  }

  function show(box) {
    if (open === box) return;
    close();
    open = box;
    box.classList.add("open");
    place(box);
  }

  // Under its word, or above it where there is no room below; never past the window's edge.
  function place(box) {
    const word = box.firstElementChild.getBoundingClientRect(), tip = box.lastElementChild;
    const { width, height } = tip.getBoundingClientRect(), room = document.documentElement;
    const below = word.bottom + height + GAP <= room.clientHeight;
    tip.style.left = `${Math.max(GAP, Math.min(word.left, room.clientWidth - width - GAP))}px`;
    tip.style.top = `${below ? word.bottom : word.top - height}px`;
  }

  const boxOf = (event) => event.target.closest?.(".term");

  for (const kind of ["focusin", "click"]) document.addEventListener(kind, (event) => { const box = boxOf(event); box ? show(box) : close(); });
  document.addEventListener("pointerover", (event) => {
    if (event.pointerType !== "mouse") return;
    const box = boxOf(event);
    if (box) show(box);
    else if (open && !open.contains(document.activeElement)) close();
  });
  document.addEventListener("keydown", (event) => { if (event.key === "Escape") close(); });
  document.addEventListener("scroll", () => { if (open) place(open); }, { capture: true, passive: true }); // what is fixed would stay behind
})();
