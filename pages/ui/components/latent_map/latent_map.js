// Points over decoded tiles. Python hears of a place only when one was kept; everything else happens here.

const LAYERS = ["tiles", "points", "density", "prior", "ellipses"];
const STEP = 1 / 60; // of the map: how far an arrow key goes; five times as far with Shift
const DRAG = 5; // CSS pixels: less is a click
const SPEED = 0.25; // of the map a second: how fast a path is played
const BINS = 48; // a side, of the density
const PATH_POINTS = 400;

const boards = new WeakMap();

const bytes = (text, Kind) => new Kind(Uint8Array.from(atob(text), (c) => c.charCodeAt(0)).buffer);
const fill = (text, x, y) => text.replace("{x}", x).replace("{y}", y);
const clamp = (value, low, high) => Math.min(Math.max(value, low), high);

class Board {
    constructor(root, data, keep) {
        this.root = root;
        this.keep = keep;
        this.find = (name) => root.querySelector(name);
        this.sign = this.find(".kept");
        this.base = this.find(".base");
        this.over = this.find(".over");
        this.preview = this.find(".preview");
        this.caption = this.find("figcaption");
        this.shown = { tiles: true, points: true, density: false, prior: data.prior, ellipses: false };
        this.listen();
        this.sizes = new ResizeObserver(() => this.resize());
        this.sizes.observe(this.find(".board"));
        this.take(data);
    }

    // A map and its texts. The same map comes again with every run of the page: nothing is lost then.
    take(data) {
        const isNew = data.id !== this.data?.id;
        this.data = data;
        this.write();
        if (!isNew) {
            // Streamlit may build the map anew from what it was sent first, and tell only then which place is kept.
            this.kept ??= data.kept ? this.toShare(data.kept) : null;
            this.draw(); // its words may speak another language now
            this.again();
            this.mark();
            return;
        }
        this.path = [];
        this.cursor = null;
        this.stop();
        this.kept = data.kept ? this.toShare(data.kept) : null;
        this.points = bytes(data.points, Uint16Array);
        this.labels = bytes(data.labels, Uint8Array);
        this.ellipses = data.ellipses ? bytes(data.ellipses, Uint8Array) : null;
        this.clouds = null;
        const [height, width] = data.tile;
        for (const canvas of [this.preview, this.find(".kept canvas")]) [canvas.width, canvas.height] = [width, height];
        this.made = this.preview.getContext("2d").createImageData(width, height);
        this.picture = new Image();
        this.picture.onload = () => {
            const canvas = new OffscreenCanvas(this.picture.width, this.picture.height);
            const context = canvas.getContext("2d", { willReadFrequently: true });
            context.drawImage(this.picture, 0, 0);
            this.pixels = context.getImageData(0, 0, canvas.width, canvas.height);
            this.draw();
            this.again();
            this.root.querySelector(".map").dataset.ready = data.id;
        };
        this.picture.src = "data:image/webp;base64," + data.atlas;
    }

    write() {
        const { texts, names, colours, axes, language } = this.data;
        this.number = new Intl.NumberFormat(language, {
            minimumFractionDigits: 2,
            maximumFractionDigits: 2,
            useGrouping: false,
        });
        this.tick = new Intl.NumberFormat(language, { maximumSignificantDigits: 3 });
        this.over.setAttribute("aria-label", texts.map);
        this.preview.setAttribute("aria-label", texts.preview);
        this.find(".clear").textContent = texts.clear;
        this.find(".play").textContent = this.playing ? texts.pause : texts.play;
        this.axes = axes;
        const off = { ellipses: this.data.ellipses ? "" : texts.no_ellipses, prior: this.data.prior ? "" : texts.no_prior };
        this.find(".layers").replaceChildren(
            ...LAYERS.map((name) => {
                const label = document.createElement("label");
                const box = document.createElement("input");
                box.type = "checkbox";
                box.name = name;
                box.disabled = Boolean(off[name]);
                box.checked = this.shown[name] && !box.disabled;
                box.onchange = () => {
                    this.shown[name] = box.checked;
                    this.draw();
                };
                label.title = off[name] || "";
                label.append(box, texts[name]);
                return label;
            }),
        );
        writeLegend(this.find(".legend"), names, colours);
    }

    // Places: a share of the map, from the left and from the bottom, and what it stands for on the plane.
    toPlace([x, y]) {
        const [left, right, bottom, top] = this.data.extent;
        return [left + x * (right - left), bottom + y * (top - bottom)];
    }

    toShare([u, v]) {
        const [left, right, bottom, top] = this.data.extent;
        return [clamp((u - left) / (right - left), 0, 1), clamp((v - bottom) / (top - bottom), 0, 1)];
    }

    toPixels([x, y], size) {
        return [x * size, (1 - y) * size];
    }

    at(event) {
        const box = this.over.getBoundingClientRect();
        return [
            clamp((event.clientX - box.left) / box.width, 0, 1),
            clamp(1 - (event.clientY - box.top) / box.height, 0, 1),
        ];
    }

    listen() {
        const over = this.over;
        over.onpointerdown = (event) => {
            over.setPointerCapture(event.pointerId);
            this.pressed = { x: event.clientX, y: event.clientY, from: this.at(event) };
            this.move(this.pressed.from); // a finger didn't move here before
        };
        over.onpointermove = (event) => {
            const here = this.at(event);
            if (this.pressed) {
                const far = Math.hypot(event.clientX - this.pressed.x, event.clientY - this.pressed.y) > DRAG;
                if (far && !this.pressed.drags) {
                    this.pressed.drags = true;
                    this.stop();
                    this.path = [this.pressed.from];
                }
                if (this.pressed.drags && this.path.length < PATH_POINTS) this.path.push(here);
            }
            this.move(here);
        };
        over.onpointerup = (event) => {
            const { drags } = this.pressed ?? {};
            this.pressed = null;
            if (drags) this.play();
            else this.choose(this.at(event));
        };
        over.onpointercancel = () => (this.pressed = null);
        over.onpointerleave = () => {
            if (!this.pressed) this.leave();
        };
        over.onkeydown = (event) => this.press(event);
        over.onblur = () => this.leave();
        this.find(".play").onclick = () => (this.playing ? this.stop() : this.play());
        this.find(".clear").onclick = () => this.clear();
    }

    press(event) {
        const far = STEP * (event.shiftKey ? 5 : 1);
        const ways = { ArrowLeft: [-far, 0], ArrowRight: [far, 0], ArrowUp: [0, far], ArrowDown: [0, -far] };
        const way = ways[event.key];
        if (way) {
            const [x, y] = this.cursor ?? this.kept ?? [0.5, 0.5];
            this.move([clamp(x + way[0], 0, 1), clamp(y + way[1], 0, 1)]);
        } else if (event.key === "Enter") this.choose(this.cursor ?? [0.5, 0.5]);
        else if (event.key === "Escape") this.clear();
        else return;
        event.preventDefault();
    }

    move(share) {
        this.cursor = share;
        this.show(share);
        this.mark();
    }

    leave() {
        this.cursor = null;
        if (!this.playing) this.rest();
        this.mark();
    }

    choose(share) {
        this.kept = share;
        this.keep(this.toPlace(share));
        this.show(share);
        this.tellKept();
        this.mark();
        // Where one looks: the server's answer stands below the map, out of sight on most screens.
        if (!matchMedia("(prefers-reduced-motion: reduce)").matches)
            this.sign.animate([{ boxShadow: "0 0 0 4px #ffd400" }, { boxShadow: "0 0 0 4px transparent" }], 900);
    }

    // What is shown while nothing is pointed at: the kept place, else the middle.
    rest() {
        this.show(this.kept ?? [0.5, 0.5]);
    }

    // All pictures and words of places, as they stand.
    again() {
        this.show(this.runner ?? this.cursor ?? this.kept ?? [0.5, 0.5]);
        this.tellKept();
    }

    show(share) {
        this.paint(this.preview, share);
        this.caption.textContent = this.words(this.data.texts.place, share);
    }

    tellKept() {
        const { texts } = this.data;
        this.sign.classList.toggle("filled", Boolean(this.kept));
        const words = this.kept ? this.words(texts.kept, this.kept) : texts.keep;
        if (this.find(".kept span").textContent !== words) this.find(".kept span").textContent = words;
        const canvas = this.find(".kept canvas");
        if (this.kept) this.paint(canvas, this.kept);
        else canvas.getContext("2d").clearRect(0, 0, canvas.width, canvas.height);
    }

    words(text, share) {
        return fill(text, ...this.toPlace(share).map((value) => this.number.format(value)));
    }

    // The picture of a place, blended from the four tiles whose middles surround it.
    paint(canvas, [x, y]) {
        if (!this.pixels) return;
        const { tiles, tile } = this.data;
        const [height, width] = tile;
        const across = clamp(x * tiles - 0.5, 0, tiles - 1);
        const down = clamp((1 - y) * tiles - 0.5, 0, tiles - 1);
        const left = Math.min(Math.floor(across), tiles - 2);
        const top = Math.min(Math.floor(down), tiles - 2);
        const right = across - left;
        const low = down - top;
        const weights = [(1 - right) * (1 - low), right * (1 - low), (1 - right) * low, right * low];
        const { data: from, width: stride } = this.pixels;
        const to = this.made.data;
        const corner = 4 * (top * height * stride + left * width);
        const next = [0, 4 * width, 4 * height * stride, 4 * (height * stride + width)];
        for (let row = 0; row < height; row++) {
            for (let column = 0; column < width; column++) {
                const here = corner + 4 * (row * stride + column);
                const there = 4 * (row * width + column);
                for (let channel = 0; channel < 3; channel++) {
                    let sum = 0;
                    for (let k = 0; k < 4; k++) sum += weights[k] * from[here + next[k] + channel];
                    to[there + channel] = sum;
                }
                to[there + 3] = 255;
            }
        }
        canvas.getContext("2d").putImageData(this.made, 0, 0);
    }

    play() {
        this.find(".path").hidden = this.path.length < 2;
        if (this.path.length < 2) return;
        const lengths = [0];
        for (let k = 1; k < this.path.length; k++) {
            const [a, b] = [this.path[k - 1], this.path[k]];
            lengths.push(lengths[k - 1] + Math.hypot(b[0] - a[0], b[1] - a[1]));
        }
        const whole = lengths.at(-1);
        const began = performance.now();
        const frame = (now) => {
            const gone = (Math.max(now - began, 0) / 1000) * SPEED;
            if (gone >= whole) {
                this.stop();
                this.rest();
                this.mark();
                return;
            }
            const k = Math.max(
                1,
                lengths.findIndex((length) => length >= gone),
            );
            const share = (gone - lengths[k - 1]) / Math.max(lengths[k] - lengths[k - 1], 1e-9);
            const [a, b] = [this.path[k - 1], this.path[k]];
            this.runner = [a[0] + share * (b[0] - a[0]), a[1] + share * (b[1] - a[1])];
            this.show(this.runner);
            this.mark();
            this.playing = requestAnimationFrame(frame);
        };
        this.playing = requestAnimationFrame(frame);
        this.find(".play").textContent = this.data.texts.pause;
        this.caption.setAttribute("aria-live", "off"); // else it would be read out many times a second
    }

    stop() {
        if (this.playing) cancelAnimationFrame(this.playing);
        this.playing = this.runner = null;
        this.find(".play").textContent = this.data.texts.play;
        this.caption.setAttribute("aria-live", "polite");
    }

    clear() {
        this.stop();
        this.path = [];
        this.find(".path").hidden = true;
        this.rest();
        this.mark();
    }

    resize() {
        const width = Math.round(this.find(".board").clientWidth * Math.min(window.devicePixelRatio || 1, 2));
        if (!width || width === this.base.width) return;
        // Of lines, dots and words: on a phone nearly as large as on a wide screen, or nobody could read them.
        this.unit = (width / this.find(".board").clientWidth) * clamp(this.find(".board").clientWidth / 640, 0.8, 1);
        for (const canvas of [this.base, this.over]) canvas.width = canvas.height = width;
        this.draw();
        this.mark();
    }

    // What changes only with the layers.
    draw() {
        const size = this.base.width;
        const context = this.base.getContext("2d");
        context.clearRect(0, 0, size, size);
        if (!this.pixels) return;
        const unit = this.unit;
        if (this.shown.tiles) {
            context.globalAlpha = this.shown.points || this.shown.density ? 0.75 : 1;
            context.drawImage(this.picture, 0, 0, size, size);
            context.globalAlpha = 1;
        }
        if (this.shown.density) this.drawDensity(context, size);
        if (this.shown.ellipses && this.ellipses) this.drawEllipses(context, size, unit);
        if (this.shown.points) this.drawPoints(context, size, unit);
        if (this.shown.prior && this.data.prior) this.drawPrior(context, size, unit);
        this.drawAxes(context, size, unit);
    }

    drawPoints(context, size, unit) {
        // Light around each: the darkest classes' colours would vanish on the black ground between the digits.
        context.lineWidth = unit;
        context.strokeStyle = "rgba(255, 255, 255, 0.8)";
        for (let k = 0; k < this.labels.length; k++) {
            const [x, y] = this.toPixels([this.points[2 * k] / 65535, this.points[2 * k + 1] / 65535], size);
            context.fillStyle = this.data.colours[this.labels[k]] ?? "#fff";
            context.beginPath();
            context.arc(x, y, 3 * unit, 0, 2 * Math.PI);
            context.fill();
            context.stroke();
        }
    }

    drawEllipses(context, size, unit) {
        context.lineWidth = 1.2 * unit;
        for (let k = 0; k < this.labels.length; k++) {
            const [x, y] = this.toPixels([this.points[2 * k] / 65535, this.points[2 * k + 1] / 65535], size);
            const [long, short, angle] = this.ellipses.subarray(3 * k, 3 * k + 3);
            context.strokeStyle = this.data.colours[this.labels[k]] ?? "#fff";
            context.beginPath();
            context.ellipse(x, y, (long / 2048) * size, (short / 2048) * size, (-angle / 255) * Math.PI, 0, 2 * Math.PI);
            context.stroke();
        }
    }

    drawPrior(context, size, unit) {
        const [left, right] = this.data.extent;
        const [x, y] = this.toPixels(this.toShareUnclamped([0, 0]), size);
        context.setLineDash([6 * unit, 5 * unit]);
        for (const [colour, width] of [
            ["rgba(0, 0, 0, 0.8)", 3.5],
            ["#fff", 1.5],
        ]) {
            context.strokeStyle = colour;
            context.lineWidth = width * unit;
            for (const sigma of [1, 2, 3]) {
                context.beginPath();
                context.arc(x, y, (sigma / (right - left)) * size, 0, 2 * Math.PI);
                context.stroke();
            }
        }
        context.setLineDash([]);
        for (const sigma of [1, 2, 3]) {
            const text = `${sigma}σ`;
            this.tell(context, text, x, y - (sigma / (right - left)) * size, unit);
        }
    }

    toShareUnclamped([u, v]) {
        const [left, right, bottom, top] = this.data.extent;
        return [(u - left) / (right - left), (v - bottom) / (top - bottom)];
    }

    // How many pictures lie where: a histogram, smoothed.
    drawDensity(context, size) {
        if (!this.clouds) {
            const counts = new Float32Array(BINS * BINS);
            for (let k = 0; k < this.labels.length; k++) {
                const column = Math.min(Math.floor((this.points[2 * k] / 65536) * BINS), BINS - 1);
                const row = BINS - 1 - Math.min(Math.floor((this.points[2 * k + 1] / 65536) * BINS), BINS - 1);
                for (let down = -2; down <= 2; down++)
                    for (let across = -2; across <= 2; across++) {
                        const [i, j] = [row + down, column + across];
                        if (i >= 0 && j >= 0 && i < BINS && j < BINS)
                            counts[i * BINS + j] += Math.exp(-(down * down + across * across) / 2);
                    }
            }
            const most = Math.max(...counts) || 1;
            this.clouds = new OffscreenCanvas(BINS, BINS);
            const inner = this.clouds.getContext("2d");
            const image = inner.createImageData(BINS, BINS);
            counts.forEach((count, k) => image.data.set([255, 196, 0, 230 * Math.sqrt(count / most)], 4 * k));
            inner.putImageData(image, 0, 0);
        }
        context.imageSmoothingEnabled = true;
        context.drawImage(this.clouds, 0, 0, size, size);
    }

    drawAxes(context, size, unit) {
        const [left, right, bottom, top] = this.data.extent;
        const power = 10 ** Math.floor(Math.log10((right - left) / 2));
        const step = (right - left) / 2 / power > 4 ? 2 * power : power;
        for (let value = Math.ceil(left / step) * step; value < right - step / 4; value += step)
            if (value > left + step / 4) {
                const x = this.toShareUnclamped([value, 0])[0] * size;
                this.tell(context, this.tick.format(value), x, size - 11 * unit, unit);
            }
        let widest = 0;
        for (let value = Math.ceil(bottom / step) * step; value < top - step / 4; value += step)
            if (value > bottom + step / 2) {
                const y = (1 - this.toShareUnclamped([0, value])[1]) * size;
                this.tell(context, this.tick.format(value), 6 * unit, y, unit, "left");
                widest = Math.max(widest, context.measureText(this.tick.format(value)).width);
            }
        // Titles stand clear of the numbers, however wide these are.
        this.tell(context, this.axes[0], size / 2, size - 30 * unit, unit);
        context.save();
        context.translate(widest + 20 * unit, size / 2);
        context.rotate(-Math.PI / 2);
        this.tell(context, this.axes[1], 0, 0, unit);
        context.restore();
    }

    // A word that can be read over any picture.
    tell(context, text, x, y, unit, align = "center") {
        context.font = `${12 * unit}px ${getComputedStyle(this.root.querySelector(".map")).fontFamily}`;
        context.textAlign = align;
        context.textBaseline = "middle";
        context.lineWidth = 4 * unit;
        context.lineJoin = "round";
        context.strokeStyle = "rgba(0, 0, 0, 0.85)";
        context.strokeText(text, x, y);
        context.fillStyle = "#fff";
        context.fillText(text, x, y);
    }

    // What changes with every move.
    mark() {
        const size = this.over.width;
        const context = this.over.getContext("2d");
        const unit = this.unit;
        context.clearRect(0, 0, size, size);
        if (this.path?.length > 1) {
            for (const [colour, width] of [
                ["#000", 5],
                ["#fff", 2.5],
            ]) {
                context.strokeStyle = colour;
                context.lineWidth = width * unit;
                context.lineJoin = "round";
                context.beginPath();
                this.path.forEach((share) => context.lineTo(...this.toPixels(share, size)));
                context.stroke();
            }
        }
        if (this.kept) this.ring(context, this.kept, "#ffd400", 8, unit);
        const here = this.runner ?? this.cursor;
        if (here) this.ring(context, here, "#fff", 6, unit);
    }

    ring(context, share, colour, radius, unit) {
        const [x, y] = this.toPixels(share, this.over.width);
        for (const [paint, width] of [
            ["#000", 5],
            [colour, 2.5],
        ]) {
            context.strokeStyle = paint;
            context.lineWidth = width * unit;
            context.beginPath();
            context.arc(x, y, radius * unit, 0, 2 * Math.PI);
            context.stroke();
        }
    }

    end() {
        this.stop();
        this.sizes.disconnect();
    }
}

export default function ({ data, parentElement, setStateValue }) {
    let board = boards.get(parentElement);
    if (board) board.take(data);
    else boards.set(parentElement, (board = new Board(parentElement, data, (place) => board.keep(place))));
    board.keep = (place) => setStateValue("place", place);
    return () => {
        board.end();
        boards.delete(parentElement);
    };
}
