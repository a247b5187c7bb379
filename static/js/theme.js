// Runs before the first paint: the chosen theme is set on the root element, so that nothing flashes.
(() => {
  const key = "theme";
  let chosen = null;
  try {
    chosen = localStorage.getItem(key);
  } catch {
    // Storage may be forbidden; then the theme lasts for this page.
  }
  document.documentElement.dataset.theme = chosen === "light" ? "light" : "dark";
  document.addEventListener("click", (event) => {
    if (!event.target.closest?.("[data-theme-switch]")) return;
    const root = document.documentElement;
    root.dataset.theme = root.dataset.theme === "light" ? "dark" : "light";
    try {
      localStorage.setItem(key, root.dataset.theme);
    } catch {
      // As above.
    }
  });
})();
