// Runs before the first paint, so that neither theme nor language flashes. `app/preferences.ts` owns these keys.
try {
  const theme = localStorage.getItem("parley.theme");
  if (theme === "light" || theme === "dark") document.documentElement.dataset.theme = theme;
  const language = localStorage.getItem("parley.language");
  if (language) document.documentElement.lang = language;
} catch {
  // Storage is forbidden here: the system's theme and the browser's language hold.
}
