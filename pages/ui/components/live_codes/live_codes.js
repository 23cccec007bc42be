// Dots that move from where one snapshot had them to where the next one has them.

const MOVE = 450; // milliseconds: less than there are between two snapshots that anybody can follow
const STEPS = 65535;

const maps = new WeakMap();

// The turn, perhaps mirrored, of `to` that brings it nearest to `from` (orthogonal Procrustes in the plane): the axes of
// a PCA may change their signs and places from one snapshot to the next, which is no move of the codes.
export function turned(from, to) {
    const count = to.length / 2;
    const middle = (points, axis) => points.reduce((sum, value, k) => (k % 2 === axis ? sum + value : sum), 0) / count;
    const [px, py, qx, qy] = [middle(from, 0), middle(from, 1), middle(to, 0), middle(to, 1)];
    let [xx, xy, yx, yy] = [0, 0, 0, 0];
    for (let k = 0; k < to.length; k += 2) {
        const [a, b, c, d] = [from[k] - px, from[k + 1] - py, to[k] - qx, to[k + 1] - qy];
        xx += a * c;
        xy += a * d;
        yx += b * c;
        yy += b * d;
    }
    const plain = Math.hypot(xx + yy, yx - xy);
    const mirrored = Math.hypot(xx - yy, yx + xy);
    const sign = mirrored > plain ? -1 : 1;
    const angle = sign > 0 ? Math.atan2(yx - xy, xx + yy) : Math.atan2(yx + xy, xx - yy);
    const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
    const turn = ([x, y]) => {
        const [u, v] = [x - 0.5, sign * (y - 0.5)];
        return [0.5 + cos * u - sin * v, 0.5 + sin * u + cos * v];
    };
    return turn;
}

class CodeMap {
    constructor(root) {
        this.find = (name) => root.querySelector(name);
        this.canvas = this.find("canvas");
        this.sizes = new ResizeObserver(() => this.draw());
        this.sizes.observe(this.canvas);
    }

    take(data) {
        this.canvas.setAttribute("aria-label", data.words);
        if (this.find("figcaption").textContent !== data.words) this.find("figcaption").textContent = data.words;
        if (this.data?.names.join() !== data.names.join() || !this.data) writeLegend(this.find(".legend"), data.names, data.colours);
        const isNew = this.data?.run !== data.run;
        const hasMoved = this.data?.places !== data.places;
        this.data = data;
        if (!isNew && !hasMoved) return this.draw();
        const bytes = Uint8Array.from(atob(data.places), (c) => c.charCodeAt(0));
        const places = Array.from(new Uint16Array(bytes.buffer), (value) => value / STEPS);
        const [left, right, bottom, top] = data.extent ?? [0, 1, 0, 1];
        this.origin = [-left / (right - left), -bottom / (top - bottom)];
        this.sigma = 1 / (right - left);
        const before = this.shown;
        if (!isNew && before?.length === places.length && data.turns) {
            const turn = turned(before, places);
            for (let k = 0; k < places.length; k += 2) [places[k], places[k + 1]] = turn([places[k], places[k + 1]]);
            this.origin = turn(this.origin);
        }
        cancelAnimationFrame(this.moving);
        const still = isNew || before?.length !== places.length || matchMedia("(prefers-reduced-motion: reduce)").matches;
        if (still) return this.show(places);
        const start = performance.now();
        const step = (now) => {
            const share = Math.min(Math.max((now - start) / MOVE, 0), 1);
            const eased = share * share * (3 - 2 * share);
            this.show(places.map((value, k) => before[k] + eased * (value - before[k])));
            if (share < 1) this.moving = requestAnimationFrame(step);
        };
        this.moving = requestAnimationFrame(step);
    }

    show(places) {
        this.shown = places;
        this.draw();
    }

    draw() {
        const { canvas, data } = this;
        if (!data || !canvas.clientWidth) return;
        const ratio = Math.min(window.devicePixelRatio || 1, 2);
        const [width, height] = [Math.round(canvas.clientWidth * ratio), Math.round(canvas.clientHeight * ratio)];
        if (canvas.width !== width || canvas.height !== height) [canvas.width, canvas.height] = [width, height];
        const context = canvas.getContext("2d");
        context.clearRect(0, 0, width, height);
        const edge = 22 * ratio;
        const side = Math.min(width, height) - 2 * edge;
        const [left, bottom] = [(width - side) / 2, (height + side) / 2];
        const at = ([x, y]) => [left + x * side, bottom - y * side];
        const style = getComputedStyle(this.find(".codes"));
        context.font = `${12 * ratio}px ${style.fontFamily}`;
        context.strokeStyle = context.fillStyle = style.color;
        context.textAlign = "center";
        context.fillText(data.x, width / 2, height - 6 * ratio);
        context.save();
        context.translate(left - 8 * ratio, height / 2);
        context.rotate(-Math.PI / 2);
        context.fillText(data.y, 0, 0);
        context.restore();
        if (data.rings) this.drawRings(context, at, side, ratio);
        data.labels.forEach((label, k) => {
            const [x, y] = at([this.shown[2 * k], this.shown[2 * k + 1]]);
            context.fillStyle = data.colours[label] ?? "gray";
            context.beginPath();
            context.arc(x, y, 2.4 * ratio, 0, 2 * Math.PI);
            context.fill();
        });
        canvas.dataset.epoch = data.epoch ?? "";
    }

    drawRings(context, at, side, ratio) {
        const [x, y] = at(this.origin);
        context.save();
        context.globalAlpha = 0.6;
        context.lineWidth = ratio;
        context.setLineDash([2 * ratio, 4 * ratio]);
        for (const count of [1, 2, 3]) {
            context.beginPath();
            context.arc(x, y, count * this.sigma * side, 0, 2 * Math.PI);
            context.stroke();
        }
        context.restore();
    }

    end() {
        cancelAnimationFrame(this.moving);
        this.sizes.disconnect();
    }
}

export default function ({ data, parentElement }) {
    let map = maps.get(parentElement);
    if (!map) maps.set(parentElement, (map = new CodeMap(parentElement)));
    map.take(data);
    return () => {
        map.end();
        maps.delete(parentElement);
    };
}
