// Unpacks what the page brings along, and lets its tables sort.
const unpacked = async name => {
  const bytes = Uint8Array.from(atob(document.getElementById(name).textContent), letter => letter.charCodeAt(0));
  return new Response(new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"))).text();
};
const library = async name =>
  import(URL.createObjectURL(new Blob([await unpacked(name)], { type: "text/javascript" })));
const make = (tag, attributes = {}, ...children) => {
  const made = Object.assign(document.createElement(tag), attributes);
  made.append(...children);
  return made;
};
const pictures = JSON.parse(await unpacked("pictures"));
for (const image of document.querySelectorAll("img[data-picture]"))
  image.src = URL.createObjectURL(new Blob([pictures[image.dataset.picture]], { type: "image/svg+xml" }));

const { jQuery } = await library("tables");
const DataTable = jQuery.fn.dataTable;
const missingLast = sign => (a, b) => a === "" ? (b === "" ? 0 : 1) : b === "" ? -1 : sign * (a - b);
DataTable.type("number", {
  detect: () => false,
  className: "",
  order: { pre: value => value, asc: missingLast(1), desc: missingLast(-1) },
});
Object.assign(DataTable.defaults, { paging: false, info: false, searching: false, order: [], autoWidth: false });
const dark = matchMedia("(prefers-color-scheme: dark)");
const shade = () => document.documentElement.classList.toggle("dark", dark.matches);
dark.addEventListener("change", shade);
addEventListener("beforeprint", () => document.documentElement.classList.remove("dark"));
addEventListener("afterprint", shade);
shade();
document.querySelectorAll("table.plain").forEach(plain => {
  if (plain.tBodies.length) new DataTable(plain, { layout: { topStart: null, topEnd: null, bottomStart: null, bottomEnd: null } });
});

document.documentElement.classList.add("live");
