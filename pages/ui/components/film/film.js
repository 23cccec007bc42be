// One position, between frames too, moves everything: curves' marker, pictures and points.

const FRAMES_A_SECOND = 2.5; // at speed 1
const PAUSE_TO_TELL = 400; // milliseconds after the last move: then Python hears of it

const players = new WeakMap();
const fill = (text, values) => text.replace(/\{(\w+)\}/g, (_, name) => values[name]);

class Player {
    constructor(root) {
        this.root = root;
        this.find = (name) => root.querySelector(name);
        this.scrubber = this.find(".scrub input");
        this.scrubber.oninput = () => {
            this.stop();
            this.go(Number(this.scrubber.value));
        };
        this.scrubber.onchange = () => this.tell();
        this.scrubber.onkeydown = (event) => this.press(event);
        this.find(".play").onclick = () => (this.playing ? this.stop() : this.play());
        this.sizes = new ResizeObserver(() => this.draw());
        this.sizes.observe(this.find(".parts"));
    }

    take(data) {
        const isNew = data.id !== this.data?.id;
        const wasAtEnd = !this.data || this.position >= this.data.epochs.length - 1;
        this.data = data;
        const { texts, names, colours, language } = data;
        this.digits = (value, count) =>
            value.toLocaleString(language, { minimumFractionDigits: count, maximumFractionDigits: count });
        writeLegend(this.find(".legend"), names, colours);
        this.find(".scrub span").textContent = texts.scrubber;
        this.find(".speed span").textContent = texts.speed;
        this.find(".play").textContent = this.playing ? texts.pause : texts.play;
        for (const name of ["curve", "places", "recon", "samples"]) {
            const canvas = this.find(`canvas.${name}`);
            canvas.setAttribute("aria-label", texts[name]);
            canvas.parentElement.querySelector("figcaption").textContent = texts[name];
        }
        if (!isNew) return this.sprite && this.go(this.position); // its words may speak another language now
        this.last = data.epochs.length - 1;
        this.scrubber.max = this.last;
        this.find(".play").disabled = this.last < 1;
        this.places = Uint8Array.from(atob(data.places), (c) => c.charCodeAt(0));
        if (this.position === undefined && data.epoch !== null) this.position = Math.max(data.epochs.indexOf(data.epoch), 0);
        else if (wasAtEnd && !this.playing) this.position = this.last; // a training that goes on is followed
        this.position = Math.min(this.position ?? this.last, this.last);
        const image = new Image();
        image.onload = () => {
            this.sprite = image;
            this.go(this.position);
            this.find(".film").dataset.ready = data.id;
        };
        image.src = "data:image/webp;base64," + data.sprite;
    }

    press(event) {
        const ways = { ArrowLeft: -1, ArrowDown: -1, ArrowRight: 1, ArrowUp: 1 };
        let next;
        if (event.key in ways) next = Math.round(this.position) + ways[event.key];
        else if (event.key === "Home") next = 0;
        else if (event.key === "End") next = this.last;
        else return;
        event.preventDefault();
        this.stop();
        this.go(Math.min(Math.max(next, 0), this.last));
        this.tell();
    }

    go(position) {
        this.position = position;
        this.scrubber.value = position;
        const { texts, epochs, curves } = this.data;
        const epoch = epochs[Math.round(position)];
        const point = curves[1].points.find(([x]) => x === epoch);
        const words = point ? texts.loss : epoch ? texts.frame : texts.start;
        const told = fill(words, { epoch, loss: point && this.digits(point[1], 1) });
        if (this.find(".told").textContent !== told) this.find(".told").textContent = told;
        this.scrubber.setAttribute("aria-valuetext", told);
        this.draw();
    }

    play() {
        if (this.position >= this.last) this.position = 0;
        let before = performance.now();
        const frame = (now) => {
            const speed = Number(this.find("select").value) * FRAMES_A_SECOND;
            const next = Math.min(this.position + ((now - before) / 1000) * speed, this.last);
            before = now;
            this.go(Math.max(next, 0));
            if (next >= this.last) {
                this.stop();
                this.tell();
            } else this.playing = requestAnimationFrame(frame);
        };
        this.playing = requestAnimationFrame(frame);
        this.find(".play").textContent = this.data.texts.pause;
        this.find(".told").setAttribute("aria-live", "off"); // else it would be read out many times a second
    }

    stop() {
        if (this.playing) cancelAnimationFrame(this.playing);
        this.playing = null;
        this.find(".play").textContent = this.data.texts.play;
        this.find(".told").setAttribute("aria-live", "polite");
    }

    tell() {
        clearTimeout(this.later);
        this.later = setTimeout(() => this.send(this.data.epochs[Math.round(this.position)]), PAUSE_TO_TELL);
    }

    draw() {
        if (!this.sprite) return;
        const { columns, tile } = this.data;
        this.drawRows(this.find("canvas.recon"), [0], (frame) => [1 + 3 * frame], columns, tile);
        this.drawRows(this.find("canvas.samples"), [], (frame) => [2 + 3 * frame, 3 + 3 * frame], columns, tile);
        this.drawPlaces();
        this.drawCurve();
    }

    // Rows of the sprite; between two frames, both, faded over each other.
    drawRows(canvas, fixed, rows, columns, [height, width]) {
        const count = fixed.length + rows(0).length;
        canvas.width = columns * width;
        canvas.height = count * height;
        const context = canvas.getContext("2d");
        const paint = (row, at) =>
            context.drawImage(this.sprite, 0, row * height, canvas.width, height, 0, at * height, canvas.width, height);
        fixed.forEach((row, at) => paint(row, at));
        const frame = Math.floor(this.position);
        const share = this.position - frame;
        rows(frame).forEach((row, at) => paint(row, fixed.length + at));
        if (share > 0) {
            context.globalAlpha = share;
            rows(frame + 1).forEach((row, at) => paint(row, fixed.length + at));
            context.globalAlpha = 1;
        }
    }

    fit(canvas) {
        const ratio = Math.min(window.devicePixelRatio || 1, 2);
        const [width, height] = [Math.round(canvas.clientWidth * ratio), Math.round(canvas.clientHeight * ratio)];
        if (canvas.width !== width || canvas.height !== height) [canvas.width, canvas.height] = [width, height];
        const context = canvas.getContext("2d");
        context.clearRect(0, 0, width, height);
        return [context, width, height, ratio];
    }

    drawPlaces() {
        const [context, width, height, ratio] = this.fit(this.find("canvas.places"));
        const { labels, colours } = this.data;
        const side = Math.min(width, height) - 12 * ratio;
        const [left, top] = [(width - side) / 2, (height - side) / 2];
        const frame = Math.floor(this.position);
        const share = this.position - frame;
        const here = 2 * labels.length * frame;
        const there = share > 0 ? here + 2 * labels.length : here;
        const between = (k) => (this.places[here + k] * (1 - share) + this.places[there + k] * share) / 255;
        labels.forEach((label, k) => {
            context.fillStyle = colours[label] ?? "gray";
            context.beginPath();
            context.arc(left + between(2 * k) * side, top + (1 - between(2 * k + 1)) * side, 2.2 * ratio, 0, 2 * Math.PI);
            context.fill();
        });
    }

    drawCurve() {
        const [context, width, height, ratio] = this.fit(this.find("canvas.curve"));
        const { curves, epochs } = this.data;
        const all = curves.flatMap(({ points }) => points);
        if (!all.length) return;
        // The loss of the first moments is several times that of all the rest, which would lie flat below it.
        const later = all.filter(([x]) => x >= 1);
        const values = (later.length > 1 ? later : all).map(([, y]) => y);
        const [low, high] = [Math.min(...values), Math.max(...values)];
        const most = Math.max(epochs[this.last], ...all.map(([x]) => x), 1);
        const [left, right, top, bottom] = [52 * ratio, width - 10 * ratio, 10 * ratio, height - 26 * ratio];
        const x = (value) => left + (value / most) * (right - left);
        const y = (value) => bottom - ((value - low) / Math.max(high - low, 1e-9)) * (bottom - top);
        const ink = getComputedStyle(this.find(".film")).color;
        context.font = `${11 * ratio}px ${getComputedStyle(this.find(".film")).fontFamily}`;
        context.fillStyle = ink;
        context.textAlign = "right";
        for (const value of [low, high]) context.fillText(this.digits(value, value < 10 ? 2 : 0), left - 6 * ratio, y(value) + 4 * ratio);
        context.textAlign = "center";
        for (const value of [0, most]) context.fillText(String(Math.round(value)), Math.min(x(value), right - 8 * ratio), height - 8 * ratio);
        context.save();
        context.beginPath();
        context.rect(left, top - 4 * ratio, right - left, bottom - top + 8 * ratio);
        context.clip();
        curves.forEach(({ colour, points }, number) => {
            context.strokeStyle = colour;
            context.lineWidth = 2 * ratio;
            context.setLineDash(number ? [5 * ratio, 4 * ratio] : []);
            context.beginPath();
            points.forEach((point) => context.lineTo(x(point[0]), y(point[1])));
            context.stroke();
        });
        context.restore();
        context.setLineDash([]);
        const frame = Math.floor(this.position);
        const next = epochs[Math.min(frame + 1, this.last)];
        const epoch = epochs[frame] + (this.position - frame) * (next - epochs[frame]);
        context.strokeStyle = ink;
        context.lineWidth = 1.5 * ratio;
        context.beginPath();
        context.moveTo(x(epoch), top);
        context.lineTo(x(epoch), bottom);
        context.stroke();
    }

    end() {
        if (this.playing) cancelAnimationFrame(this.playing);
        clearTimeout(this.later);
        this.sizes.disconnect();
    }
}

export default function ({ data, parentElement, setStateValue }) {
    let player = players.get(parentElement);
    if (!player) players.set(parentElement, (player = new Player(parentElement)));
    player.send = (epoch) => setStateValue("epoch", epoch);
    player.take(data);
    return () => {
        player.end();
        players.delete(parentElement);
    };
}
