// Shows the pair of events that the pointer or the arrow keys are on.
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const events = data.events.map(([middle, time, picture, scene]) => ({ middle, time, picture, scene }));
  const matrix = document.getElementById("matrix");
  const tip = document.getElementById("tip");
  const pair = document.getElementById("pair");
  const [acrossLine, downLine] = matrix.querySelectorAll(".cross-x, .cross-y");
  let column = 0, row = 0;

  for (const name of ["centred", "raw"]) {
    const bytes = atob(data[name].cosines);
    data[name].at = (i, j) => {
      const k = 2 * (i * events.length + j);
      return (bytes.charCodeAt(k) * 256 + bytes.charCodeAt(k + 1)) / 65535 * 2 - 1;
    };
  }

  // as the picture is drawn: the event whose middle is nearest
  const eventAt = time => events.reduce((best, event, i) => Math.abs(event.middle - time) <= Math.abs(events[best].middle - time) ? i : best, 0);
  const percent = event => 100 * Math.min(1, event.middle / data.duration) + "%";
  const cosine = name => {
    const text = data[name].at(row, column).toFixed(data[name].digits);
    return text.replace(/^-(?=[0.]*$)/, "").replace("-", "\u2212");
  };

  const show = () => {
    const across = events[column], down = events[row];
    const name = document.getElementById("raw").checked ? "raw" : "centred";
    matrix.classList.add("looking");
    acrossLine.style.left = percent(across);
    downLine.style.top = percent(down);
    tip.textContent = down.time + " and " + across.time + ": " + cosine(name);
    const right = across.middle > data.duration * 0.6, low = down.middle > data.duration * 0.85;
    tip.style.left = percent(across);
    tip.style.top = percent(down);
    tip.style.transform = `translate(${right ? "calc(-100% - 12px)" : "12px"}, ${low ? "calc(-100% - 12px)" : "12px"})`;
    document.getElementById("pair-title").textContent = "Under the pointer";
    pair.querySelectorAll(".one").forEach((one, i) => {
      const event = [down, across][i];
      if (event.picture >= 0) one.querySelector(".picture").className = "picture p" + event.picture;
      one.querySelector(".when").textContent = event.time + event.scene;
    });
    for (const name of ["centred", "raw"]) pair.querySelector(".value ." + name).textContent = cosine(name);
  };

  matrix.addEventListener("pointermove", event => {
    const box = matrix.getBoundingClientRect();
    column = eventAt((event.clientX - box.left) / box.width * data.duration);
    row = eventAt((event.clientY - box.top) / box.height * data.duration);
    show();
  });
  matrix.addEventListener("pointerleave", () => matrix.classList.remove("looking"));
  matrix.addEventListener("blur", () => matrix.classList.remove("looking"));
  matrix.addEventListener("keydown", event => {
    const step = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
    if (!step) return;
    event.preventDefault();
    column = Math.max(0, Math.min(events.length - 1, column + step[0]));
    row = Math.max(0, Math.min(events.length - 1, row + step[1]));
    show();
  });
})();
