// Reads the values of a chart's curves where the pointer is.
(() => {
  const plain = value => {
    const size = Math.abs(value);
    if (size !== 0 && (size < 1e-3 || size >= 1e9)) return value.toExponential(2).replace(/-/g, "\u2212");
    return value.toLocaleString("en", { maximumSignificantDigits: size >= 1000 ? 9 : 4 }).replace("-", "\u2212");
  };
  for (const area of document.querySelectorAll(".chart .area")) {
    const drawing = area.querySelector("svg");
    const [left, right] = drawing.dataset.across.split(" ").map(Number);
    const [low, high, log] = drawing.dataset.up.split(" ");
    const at = share => log ? low * Math.pow(high / low, share) : +low + share * (high - low);
    const curves = [...drawing.querySelectorAll("path[data-name]")].map(path => ({
      name: path.dataset.name,
      points: [...path.getAttribute("d").matchAll(/[ML]([-\d.]+) ([-\d.]+)/g)].map(match => [+match[1], +match[2]]),
    }));
    const pointer = area.appendChild(Object.assign(document.createElement("i"), { className: "pointer" }));
    const readout = area.appendChild(Object.assign(document.createElement("output"), { className: "readout" }));
    area.addEventListener("pointermove", event => {
      const box = area.getBoundingClientRect();
      const share = Math.max(0, Math.min(1, (event.clientX - box.left) / box.width));
      const lines = [drawing.dataset.unit + " " + plain(Math.round(left + share * (right - left)))];
      for (const { name, points } of curves) {
        let nearest = null;
        for (const point of points) {
          if (!nearest || Math.abs(point[0] - share * 1000) < Math.abs(nearest[0] - share * 1000)) nearest = point;
        }
        if (nearest && Math.abs(nearest[0] - share * 1000) < 60) lines.push(name + ": " + plain(at(1 - nearest[1] / 400)));
      }
      readout.textContent = lines.join("\n");
      pointer.style.left = 100 * share + "%";
      readout.style.left = 100 * share + "%";
      readout.style.transform = share > 0.55 ? "translateX(calc(-100% - 8px))" : "translateX(8px)";
      area.classList.add("looking");
    });
    area.addEventListener("pointerleave", () => area.classList.remove("looking"));
  }
})();
