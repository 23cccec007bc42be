const SHOWN_FOR = 2000; // milliseconds
const READ_FOR = 12000;

function address(parameters) {
    const url = new URL(window.location.href);
    for (const [name, value] of Object.entries(parameters)) {
        if (value) url.searchParams.set(name, value);
        else url.searchParams.delete(name);
    }
    return url.href;
}

export default function ({ data, parentElement }) {
    const button = parentElement.querySelector("button");
    const word = button.querySelector("span");
    const label = parentElement.querySelector("label");
    word.textContent = data.label;
    button.classList.toggle("compact", data.compact);
    label.querySelector("span").textContent = data.refused;
    const note = parentElement.querySelector("p");
    note.textContent = data.here_only;
    button.onclick = async () => {
        const url = address(data.parameters);
        try {
            await navigator.clipboard.writeText(url);
            word.textContent = data.copied;
            setTimeout(() => (word.textContent = data.label), SHOWN_FOR);
            // Only here does such an address lead anywhere.
            note.hidden = !/^(localhost|127\.|\[::1\])/.test(window.location.hostname);
            setTimeout(() => (note.hidden = true), READ_FOR);
        } catch {
            // Without https a browser lets no page write to the clipboard: the visitor copies by hand.
            label.hidden = false;
            const field = label.querySelector("input");
            field.value = url;
            field.select();
        }
    };
}
