// What pages need beside htmx: forms of the page carry its token, and countdowns count.
"use strict";

document.addEventListener("htmx:configRequest", (event) => {
  event.detail.headers["X-Form-Token"] = document.body.dataset.formToken;
});

// <time data-until="2026-11-22T01:30:00Z">: how long until then, by the second.
function count() {
  const chinese = document.documentElement.lang.startsWith("zh");
  for (const place of document.querySelectorAll("time[data-until]")) {
    const left = Math.round((Date.parse(place.dataset.until) - Date.now()) / 1000);
    const size = Math.abs(left);
    const two = (number) => String(number).padStart(2, "0");
    const text = `${two(Math.floor(size / 3600))}:${two(Math.floor(size / 60) % 60)}:${two(size % 60)}`;
    const passed = chinese ? "已过 " : "passed ";
    place.textContent = left < 0 ? passed + text : text;
    place.classList.toggle("is-past", left < 0);
  }
}

// <button data-copy="#id">: puts a text into the clipboard.
document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-copy]");
  if (button) navigator.clipboard.writeText(document.querySelector(button.dataset.copy).textContent.trim());
});

// <form data-confirm="…">: asks once more before something that can't be undone.
document.addEventListener("submit", (event) => {
  const question = event.target.dataset.confirm;
  if (question && !window.confirm(question)) event.preventDefault();
});

count();
setInterval(count, 1000);
