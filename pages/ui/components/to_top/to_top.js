// At once, not when the answer is there: what comes would else push away what one sees.
export default function ({ data }) {
    const listen = (event) => {
        if (event.target.closest?.(`.st-key-${data.key} button:not(:disabled)`)) {
            document.querySelector('[data-testid="stMain"]').scrollTo({ top: 0, behavior: "instant" });
        }
    };
    document.addEventListener("click", listen, true);
    return () => document.removeEventListener("click", listen, true);
}
