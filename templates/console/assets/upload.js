// <form data-upload="#outcome" action="…">: sends the chosen file as it is, with the form's other fields in the address.
// The answer says in Location where to go on; otherwise its text says why not, and stands in the outcome.
"use strict";

document.addEventListener("submit", async (event) => {
  const form = event.target;
  if (!form.dataset.upload) return;
  event.preventDefault();
  const [file, button] = [form.querySelector("input[type=file]").files[0], form.querySelector("button")];
  const address = new URL(form.action, location.href);
  for (const [name, value] of new FormData(form)) {
    if (typeof value === "string" && value) address.searchParams.set(name, value);
  }
  address.searchParams.set("name", file.name);
  const headers = { "X-Form-Token": document.body.dataset.formToken, "Content-Type": "application/octet-stream" };
  button.disabled = true;
  let reason = form.dataset.failed;
  try {
    const answer = await fetch(address, { method: "POST", headers, body: file });
    const place = answer.headers.get("Location");
    if (answer.ok && place) return location.assign(place);
    if ((answer.headers.get("Content-Type") || "").startsWith("text/plain")) reason = await answer.text();
  } catch {
    // Nobody answered: the form's own words say so.
  }
  const outcome = document.querySelector(form.dataset.upload);
  outcome.textContent = reason;
  outcome.hidden = false;
  button.disabled = false;
});
