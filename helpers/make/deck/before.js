// MathJax reads this when it starts.
window.MathJax = {
  tex: { inlineMath: [["$", "$"]], displayMath: [["$$", "$$"]], processEscapes: true },
  svg: { fontCache: "global" },
  options: { enableMenu: false, skipHtmlTags: ["script", "style", "pre", "code", "details"] },
  startup: {
    typeset: true,
    pageReady: () => MathJax.startup.defaultPageReady()
      .then(() => Promise.all([...document.images].map(image => image.decode().catch(() => {}))))
      .then(() => startDeck()),
  },
}
