// Notices of the browser, for who asks for them: on or off here, sent by the board when it is hidden.
const button = document.querySelector("[data-notify]");
const isOn = () => Notification.permission === "granted" && localStorage.getItem("notices") === "1";

function show() {
  button.hidden = Notification.permission === "denied";
  button.querySelector("span").textContent = isOn() ? "Stop telling me when something is done" : "Tell me when something is done";
}

if (button && "Notification" in window) {
  show();
  button.addEventListener("click", async () => {
    if (isOn()) localStorage.setItem("notices", "0");
    else if ((await Notification.requestPermission()) === "granted") localStorage.setItem("notices", "1");
    show();
  });
}
