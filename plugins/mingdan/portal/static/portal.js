// What pages need beyond plain forms: the session's token on htmx's requests, errors shown in place, keys, and printing.
document.addEventListener("htmx:configRequest", function (event) {
  var token = document.querySelector("meta[name=csrf]");
  if (token) event.detail.headers["X-CSRF-Token"] = token.content;
});
document.addEventListener("htmx:beforeSwap", function (event) {
  if (event.detail.xhr.status >= 400) { event.detail.shouldSwap = true; event.detail.isError = false; }
  withoutFaults(event.detail.elt);
});
function withoutFaults(at) {
  (at.closest("tbody") || document).querySelectorAll("[data-fault]").forEach(function (each) { each.remove(); });
}
// No answer at all: said where it was asked for, and what was typed stays.
["htmx:sendError", "htmx:timeout"].forEach(function (name) { document.addEventListener(name, function (event) {
  var told = document.createElement("p"), zh = document.documentElement.lang === "zh-CN", at = event.detail.elt;
  withoutFaults(at);
  told.className = "notice bad"; told.dataset.fault = ""; told.setAttribute("role", "alert");
  told.textContent = zh ? "网络不通，未保存，请稍后再试。" : "No connection: nothing was saved. Please try again.";
  (at.matches("form") ? at : event.detail.target).append(told);
  told.scrollIntoView({ block: "center" });
}); });
// Who may not be contacted is gone from the page at once; the keyboard stays at the lead that was worked.
document.addEventListener("htmx:afterSwap", function (event) {
  var body = event.target.closest && event.target.closest("tbody"), row = body && body.querySelector("tr.lead");
  if (!row) return;
  var fault = body.querySelector("[role=alert]");
  if (fault) fault.scrollIntoView({ block: "center" });
  if (body.querySelector("[data-gone]")) row.remove();
  else if (document.activeElement === document.body) row.querySelector(".actions a").focus();
});
document.addEventListener("change", function (event) {
  if (event.target.matches("[data-submit]")) event.target.form.submit();
});
document.addEventListener("click", function (event) {
  if (event.target.matches("[data-print]")) window.print();
  if (event.target.matches("[data-close]")) { var row = event.target.closest("tr.open"); if (row) row.querySelector("td").replaceChildren(); }
});
document.addEventListener("keydown", function (event) {
  var rows = Array.prototype.slice.call(document.querySelectorAll("tr.lead")), at = document.activeElement;
  if (!rows.length || event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
  if (event.key === "Escape") {
    var body = at.closest("tbody"), open = body && body.querySelector("tr.open td");
    if (open && open.firstChild) { open.replaceChildren(); body.querySelector("tr.lead .actions a").focus(); }
    return;
  }
  if (at.matches("input, select, textarea")) return;
  if (event.key === "/") { event.preventDefault(); document.querySelector("input[type=search]").focus(); }
  if (event.key !== "j" && event.key !== "k") return;
  var here = at.closest("tbody"), place = rows.findIndex(function (row) { return row.parentNode === here; });
  var next = rows[place < 0 ? 0 : Math.min(rows.length - 1, Math.max(0, place + (event.key === "j" ? 1 : -1)))];
  next.querySelector(".actions a").focus(); next.scrollIntoView({ block: "nearest" });
});
function draw(box) {
  var given = JSON.parse(box.dataset.chart), zh = given.language === "zh";
  function said(kind) { return function (value) {
    if (value === null || value === undefined) return "—";
    if (kind === "rate") return (value * 100).toFixed(1) + "%";
    if (kind === "amount" && zh && Math.abs(value) >= 1e8) return (value / 1e8).toFixed(2) + "亿";
    if (kind === "amount" && zh && Math.abs(value) >= 1e4) return (value / 1e4).toFixed(1) + "万";
    return Number(value).toLocaleString(zh ? "zh-CN" : "en-US", { maximumFractionDigits: 1 });
  }; }
  var rates = given.series.some(function (each) { return each.kind === "rate"; });
  var plain = given.series.some(function (each) { return each.kind !== "rate"; });
  var names = { type: "category", data: given.names, axisLabel: { hideOverlap: true } };
  var first = given.series.filter(function (each) { return each.kind !== "rate"; })[0];
  var axes = [];
  if (plain) axes.push({ type: "value", axisLabel: { formatter: said(first.kind) } });
  if (rates) axes.push({ type: "value", axisLabel: { formatter: said("rate") }, splitLine: { show: !plain } });
  var lying = given.kind === "bar";
  echarts.init(box, null, { renderer: "svg" }).setOption({
    animation: false, color: ["#1f4e79", "#b45f06", "#5b8c5a", "#7c3a8c", "#0f766e"], aria: { enabled: true },
    grid: { left: 10, right: 20, top: 40, bottom: 10, containLabel: true }, legend: { top: 4, show: given.series.length > 1 },
    tooltip: { trigger: "axis", renderMode: "richText", confine: true },
    xAxis: lying ? axes : names, yAxis: lying ? Object.assign({ inverse: true }, names) : axes,
    series: given.series.map(function (each) {
      var over = each.kind === "rate" && plain;
      return { name: each.name, data: each.values, type: over || given.kind === "line" ? "line" : "bar",
        stack: given.kind === "stacked" && !over ? "all" : undefined,
        xAxisIndex: lying && over ? 1 : 0, yAxisIndex: !lying && over ? 1 : 0, tooltip: { valueFormatter: said(each.kind) } };
    })
  });
}
// A map in kilometres east and north of the branch, with rings; two clicks draw a circle into the form.
function drawMap(box) {
  var given = JSON.parse(box.dataset.map), chart = echarts.init(box, null, { renderer: "svg" }), far = given.reach * 1.1;
  var side = Math.min(box.clientWidth - 50, box.clientHeight - 80), form = document.getElementById("circle"), centre = null;
  function around(x, y, km) {
    var points = [];
    for (var at = 0; at <= 72; at++) points.push([x + km * Math.cos(at * Math.PI / 36), y + km * Math.sin(at * Math.PI / 36)]);
    return points;
  }
  function line(id, points, style) { return { id: id, type: "line", data: points, showSymbol: false, silent: true, lineStyle: style, tooltip: { show: false } }; }
  function circle(of) { return line("circle", of ? around(of[0], of[1], of[2]) : [], { color: "#b91c1c", width: 2 }); }
  function axis(name) { return { type: "value", min: -far, max: far, splitLine: { show: false }, axisLabel: { showMinLabel: false, showMaxLabel: false }, axisLine: { onZero: false }, name: name, nameLocation: "middle", nameGap: 24 }; }
  var zh = given.language === "zh";
  chart.setOption({
    animation: false, color: ["#1f4e79", "#b45f06", "#5b8c5a", "#7c3a8c", "#0f766e", "#be185d", "#4d5b6b"], aria: { enabled: true },
    grid: { left: 40, top: 36, width: side, height: side }, legend: { top: 4, type: "scroll", data: given.series.map(function (each) { return each.name; }) },
    tooltip: { renderMode: "richText", confine: true, formatter: function (at) { return at.data[3]; } },
    xAxis: axis(zh ? "东（公里）" : "east (km)"), yAxis: axis(zh ? "北（公里）" : "north (km)"),
    series: given.series.map(function (each) {
      return { name: each.name, type: "scatter", data: each.points, symbolSize: function (point) { return point[2]; }, itemStyle: { opacity: 0.75 } };
    }).concat(given.rings.map(function (km) { return line("ring" + km, around(0, 0, km), { color: "#8a94a3", type: "dashed", width: 1 }); }),
      [{ id: "branch", type: "scatter", symbol: "diamond", symbolSize: 16, itemStyle: { color: "#111827" }, data: [[0, 0, 0, zh ? "网点" : "the branch"]] }, circle(given.circle)])
  });
  chart.getZr().on("click", function (event) {
    var pixel = [event.offsetX, event.offsetY], hint = document.getElementById("circle-hint");
    if (!chart.containPixel("grid", pixel)) return;
    var at = chart.convertFromPixel("grid", pixel);
    if (!centre) {
      centre = at;
      form.elements.lat.value = (given.centre[0] + at[1] / given.a_degree[1]).toFixed(4);
      form.elements.lon.value = (given.centre[1] + at[0] / given.a_degree[0]).toFixed(4);
      hint.textContent = hint.dataset.second;
      chart.setOption({ series: [circle([at[0], at[1], given.reach / 60])] });
    } else {
      form.elements.km.value = Math.min(20, Math.max(0.1, Math.hypot(at[0] - centre[0], at[1] - centre[1]))).toFixed(1);
      form.submit();
    }
  });
}
// What scrolls sideways on a narrow screen can be reached by the keyboard.
function reachable() {
  document.querySelectorAll("table, .sheet").forEach(function (each) {
    if (each.scrollWidth > each.clientWidth + 1) each.tabIndex = 0; else each.removeAttribute("tabindex");
  });
}
window.addEventListener("resize", reachable);
window.addEventListener("resize", function () {
  document.querySelectorAll("[_echarts_instance_]").forEach(function (each) { echarts.getInstanceByDom(each).resize(); });
});
document.addEventListener("DOMContentLoaded", reachable);
document.addEventListener("DOMContentLoaded", function () {
  document.querySelectorAll("[data-chart]").forEach(draw);
  document.querySelectorAll("[data-map]").forEach(drawMap);
});
