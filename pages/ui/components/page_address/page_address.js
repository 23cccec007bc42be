// One entry of the history for each page. Streamlit adds one for each parameter that a page writes into its address too:
// those replace the entry that is there. What stays an entry: another page, and a link to this one.

let done = ""; // which changes were made

function set(changes) {
    const url = new URL(window.location.href);
    for (const [name, value] of Object.entries(changes)) {
        if (value === null) url.searchParams.delete(name);
        else url.searchParams.set(name, value);
    }
    if (url.href !== window.location.href) window.history.replaceState(window.history.state, "", url);
}

function watch() {
    const push = window.history.pushState.bind(window.history);
    window.history.pushState = (state, title, url) => {
        const isSamePage = url && new URL(url, window.location.href).pathname === window.location.pathname;
        if (isSamePage) window.history.replaceState(state, title, url);
        else push(state, title, url);
    };
    // Before Streamlit hears of it.
    window.addEventListener(
        "click",
        (event) => {
            const link = event.target.closest?.('[data-testid="stPageLink"] a[href]');
            if (!link || event.button || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
            const url = new URL(link.href);
            const isSamePage = url.origin + url.pathname === window.location.origin + window.location.pathname;
            if (isSamePage && url.search !== window.location.search) push({}, "", url);
        },
        true,
    );
}

export default function ({ data }) {
    if (!window.diaboloKeepsHistory) {
        window.diaboloKeepsHistory = true;
        watch();
    }
    if (data.id && data.id !== done) {
        done = data.id;
        set(data.changes);
    }
}
