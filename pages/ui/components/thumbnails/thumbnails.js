// One picture holds all images; a button shows its part of it. The arrow keys move, Enter or a click picks.

const grids = new WeakMap();

class Grid {
    constructor(root) {
        this.root = root.querySelector(".thumbnails");
        this.root.onkeydown = (event) => this.press(event);
    }

    take({ sheet, columns, numbers, names, picked, label }, pick) {
        this.pick = pick;
        this.root.setAttribute("aria-label", label);
        if (sheet !== this.sheet) {
            this.sheet = sheet;
            this.root.replaceChildren(...numbers.map((number, place) => this.button(number, place, columns, numbers.length)));
        }
        let focused = 0;
        [...this.root.children].forEach((button, place) => {
            const isPicked = numbers[place] === picked;
            if (isPicked) focused = place;
            button.setAttribute("aria-checked", isPicked);
            button.setAttribute("aria-label", names[place]);
            button.title = names[place];
            button.tabIndex = -1;
        });
        if (this.root.children.length) this.root.children[focused].tabIndex = 0;
    }

    button(number, place, columns, count) {
        const rows = Math.ceil(count / columns);
        const share = (part, whole) => (whole > 1 ? (100 * part) / (whole - 1) : 0);
        const button = document.createElement("button");
        button.type = "button";
        button.setAttribute("role", "radio");
        button.style.backgroundImage = `url(${this.sheet})`;
        button.style.backgroundSize = `${100 * columns}% ${100 * rows}%`;
        button.style.backgroundPosition = `${share(place % columns, columns)}% ${share(Math.floor(place / columns), rows)}%`;
        button.onclick = () => this.pick(number);
        return button;
    }

    press(event) {
        const buttons = [...this.root.children];
        const here = buttons.indexOf(event.target);
        const across = buttons.filter((button) => button.offsetTop === buttons[0].offsetTop).length;
        const steps = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -across, ArrowDown: across };
        const ends = { Home: 0, End: buttons.length - 1 };
        const next = buttons[ends[event.key] ?? here + (steps[event.key] ?? NaN)];
        if (!next) return;
        event.preventDefault();
        next.focus();
    }
}

export default function ({ data, parentElement, setTriggerValue }) {
    if (!grids.has(parentElement)) grids.set(parentElement, new Grid(parentElement));
    grids.get(parentElement).take(data, (number) => setTriggerValue("picked", number));
}
