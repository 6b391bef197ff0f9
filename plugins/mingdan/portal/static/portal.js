// What pages need beyond plain forms: the session's token on htmx's requests, errors shown in place, and printing.
document.addEventListener("htmx:configRequest", function (event) {
  var token = document.querySelector("meta[name=csrf]");
  if (token) event.detail.headers["X-CSRF-Token"] = token.content;
});
document.addEventListener("htmx:beforeSwap", function (event) {
  if ([403, 404, 409, 422, 429].indexOf(event.detail.xhr.status) >= 0) { event.detail.shouldSwap = true; event.detail.isError = false; }
});
document.addEventListener("change", function (event) {
  if (event.target.matches("[data-submit]")) event.target.form.submit();
});
document.addEventListener("click", function (event) {
  if (event.target.matches("[data-print]")) window.print();
  if (event.target.matches("[data-close]")) { var row = event.target.closest("tr.open"); if (row) row.querySelector("td").replaceChildren(); }
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
document.addEventListener("DOMContentLoaded", function () {
  document.querySelectorAll("[data-chart]").forEach(draw);
});
