import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { App } from "./app/app.tsx";
import { applyPreferences, watchPreferences } from "./app/preferences.ts";
import { start } from "./app/session.ts";
import { watchViewHeight } from "./app/view-height.ts";

applyPreferences();
watchPreferences();
watchViewHeight();
void start();

const root = document.getElementById("root");
if (!root) throw new Error("The page has no root");
createRoot(root).render(
  <StrictMode>
    <App />
  </StrictMode>,
);
