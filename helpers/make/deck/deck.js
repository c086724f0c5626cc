// Give each slide's figures the room that its text leaves, then make what is still too tall smaller.
const WIDTH = 1280, HEIGHT = 720, SMALLEST = 0.75, LEGIBLE = 0.75, WORDS = 120

function fit(slide) {
  const images = [...slide.querySelectorAll(".figure img")]
  const tooWide = () => [...slide.querySelectorAll("pre, mjx-container, table")]
    .some(part => !part.closest("details, aside")
      && (part.scrollWidth > slide.clientWidth + 1 || part.matches("pre") && part.scrollWidth > part.clientWidth + 1))
  let size = 1
  for (; ; size -= 0.05) {
    slide.style.setProperty("--size", size)
    images.forEach(image => { image.style.height = "0px" })
    const room = (HEIGHT - slide.scrollHeight - 4) / Math.max(1, images.length)
    const scales = images.map(image => Math.min(1.7, room / image.naturalHeight, slide.clientWidth / image.naturalWidth))
    images.forEach((image, i) => { image.style.height = `${Math.floor(Math.max(0, scales[i]) * image.naturalHeight)}px` })
    const small = scales.some((scale, i) => scale * images[i].naturalHeight < Math.min(330, images[i].naturalHeight))
    if (slide.scrollHeight <= HEIGHT && !tooWide() && !small || size <= SMALLEST) break
  }
  slide.dataset.size = size.toFixed(2)
  slide.dataset.overflows = slide.scrollHeight > HEIGHT || tooWide()
}

const heading = slide => slide.querySelector("h1, h2, h3").textContent
const words = slide => [...slide.querySelectorAll(":scope > :is(p, ul, ol)")]
  .reduce((sum, part) => sum + part.textContent.split(/\s+/).length, 0)
const heights = slide => [...slide.querySelectorAll(".figure img")].map(image => image.offsetHeight)

// Move what the next slide shows to this one, if it is of the same section and nothing gets smaller by it.
function merge(slide, next) {
  if (words(slide) + words(next) > WORDS) return false
  const before = [...heights(slide), ...heights(next)], size = Math.min(slide.dataset.size, next.dataset.size)
  const parts = [...next.children].filter(part => !part.matches("h1, h2, h3"))
  slide.append(...parts)
  fit(slide)
  const good = slide.dataset.overflows === "false" && slide.dataset.size >= Math.min(size, 0.95)
    && heights(slide).every((height, i) => height >= 0.9 * before[i])
  if (good) {
    const [first, ...others] = slide.querySelectorAll("details")
    others.forEach(each => { first.append(each.lastElementChild); each.remove() })
    return next.remove() || true
  }
  next.append(...parts)
  ;[slide, next].forEach(fit)
  return false
}

// A figure that its text makes small gets a slide alone; the text follows it.
function part(slide) {
  const images = [...slide.querySelectorAll(".figure img")]
  const texts = [...slide.children].filter(each => each.matches("p, ul, ol, table"))
  if (!texts.length || !images.some(image => image.offsetHeight < LEGIBLE * image.naturalHeight)) return
  const next = document.createElement("section"), title = document.createElement("h3")
  title.innerHTML = slide.querySelector("h1, h2, h3").innerHTML
  next.append(title, ...texts)
  slide.after(next)
  ;[slide, next].forEach(fit)
}

function pack(stack) {
  let slide = stack.firstElementChild
  while (slide?.nextElementSibling) {
    const next = slide.nextElementSibling
    if (heading(slide) !== heading(next) || next.querySelector("h2") || !merge(slide, next)) slide = next
  }
}

function startDeck() {
  document.body.classList.add("measuring")
  document.querySelectorAll(".slides > section > section").forEach(slide => { fit(slide); part(slide) })
  document.querySelectorAll(".slides > section").forEach(pack)
  document.body.classList.remove("measuring")
  const fold = () => Reveal.getCurrentSlide().querySelectorAll("details").forEach(each => { each.open = !each.open })
  Reveal.initialize({
    width: WIDTH, height: HEIGHT, margin: 0.03, center: false, hash: true, transition: "none", slideNumber: "c/t",
    navigationMode: "linear", pdfSeparateFragments: false, plugins: [RevealNotes], keyboard: { 67: fold },
  }).then(() => { document.body.dataset.ready = "yes" })
}
