/**
 * Safari lays a phone's keyboard over the page instead of making the page smaller (others obey `interactive-widget`):
 * the frame is as high as what can be seen, so that the keyboard never covers what one writes.
 */
export function watchViewHeight(): void {
  const view = window.visualViewport;
  if (!view) return;
  const fit = () => {
    // Somebody who has zoomed in sees a part of the page; the page stays as it is.
    if (view.scale > 1.01) return;
    document.documentElement.style.setProperty("--view-height", `${view.height}px`);
    // Safari also scrolls the page towards the field.
    if (window.scrollY > 0) window.scrollTo(0, 0);
  };
  view.addEventListener("resize", fit);
}
