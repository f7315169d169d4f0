// Notes on the page when words of a reply are first in it, and when it spoke with the server and was answered.
window.seen = {};
window.sent = [];
window.heard = [];
new MutationObserver(() => {
    const last = [...document.querySelectorAll("[data-testid=stChatMessage]")].at(-1);
    for (const [word] of (last?.textContent ?? "").matchAll(/t\d+w\d+/g)) window.seen[word] ??= Date.now();
}).observe(document, {subtree: true, childList: true, characterData: true});
const Plain = WebSocket;
window.WebSocket = class extends Plain {
    constructor(...given) {
        super(...given);
        this.addEventListener("message", () => window.heard.push(performance.now()));
    }
    send(data) {
        window.sent.push(performance.now());
        super.send(data);
    }
};
