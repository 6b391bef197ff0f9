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
