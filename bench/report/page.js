const value = cell => {
  const number = parseFloat(cell.textContent.replace(/[,\u2009]/g, "").replace("\u2212", "-"));
  return Number.isNaN(number) ? cell.textContent : number;
};
const order = (a, b) => typeof a === typeof b ? (a < b ? -1 : a > b ? 1 : 0) : typeof a === "number" ? -1 : 1;
for (const head of document.querySelectorAll("th")) head.addEventListener("click", () => {
  const way = head.dataset.order === "up" ? -1 : 1;
  for (const other of head.parentNode.children) delete other.dataset.order;
  head.dataset.order = way === 1 ? "up" : "down";
  const body = head.closest("table").tBodies[0], at = head.cellIndex;
  [...body.rows].sort((a, b) => way * order(value(a.cells[at]), value(b.cells[at]))).forEach(row => body.append(row));
});
