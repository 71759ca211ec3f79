// Shows a part of the flame as wide as the page, and sorts tables by a column.
(() => {
  for (const sheet of document.querySelectorAll(".flame .sheet")) {
    const boxes = [...sheet.querySelectorAll(".box")].map(element => ({
      element, left: parseFloat(element.style.left), width: parseFloat(element.style.width),
    }));
    const show = (left, width) => {
      sheet.style.width = 1e4 / width + "%";
      sheet.style.marginLeft = -100 * left / width + "%";
      for (const box of boxes) {
        // the label of a box that begins to the left of the view
        const hidden = Math.min(left, box.left + box.width) - box.left;
        box.element.style.paddingLeft = hidden > 0 ? hidden + "%" : "";
      }
    };
    for (const box of boxes) {
      if (box.width > 0) box.element.addEventListener("click", () => show(box.left, box.width));
    }
    document.addEventListener("keydown", event => { if (event.key === "Escape") show(0, 100); });
  }
  for (const table of document.querySelectorAll("table.sortable")) {
    const heads = [...table.tHead.rows[0].cells];
    const key = (row, column) => row.cells[column].dataset.value ?? row.cells[column].textContent;
    heads.forEach((head, column) => {
      const button = Object.assign(document.createElement("button"), { type: "button", textContent: head.textContent });
      head.replaceChildren(button);
      button.addEventListener("click", () => {
        const numbers = table.tBodies[0].rows[0]?.cells[column].dataset.value !== undefined;
        // of a number the largest is looked for first, of a node's place the first
        const down = head.hasAttribute("aria-sort") ? head.getAttribute("aria-sort") === "ascending" : numbers && column > 0;
        for (const other of heads) other.removeAttribute("aria-sort");
        head.setAttribute("aria-sort", down ? "descending" : "ascending");
        const rows = [...table.tBodies[0].rows];
        rows.sort((a, b) => numbers ? key(a, column) - key(b, column) : key(a, column).localeCompare(key(b, column)));
        table.tBodies[0].append(...(down ? rows.reverse() : rows));
      });
    });
  }
})();
