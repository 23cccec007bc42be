// Strokes are kept as points, so that one can be taken back; what is sent is a small grey picture.

const SIDE = 448; // pixels of the canvas, whatever its size on the screen
const SOFT = 0.35; // of the brush: how much of its edge fades

const pads = new WeakMap();
const PAUSE = 800; // milliseconds after a stroke: who draws a second one keeps the pad where it is
let last = []; // the strokes that were drawn last, for a pad that comes back

class Pad {
    constructor(root) {
        this.root = root;
        this.canvas = root.querySelector("canvas");
        this.canvas.width = this.canvas.height = SIDE;
        this.strokes = [];
        this.canvas.onpointerdown = (event) => this.begin(event);
        this.canvas.onpointermove = (event) => this.go(event);
        this.canvas.onpointerup = this.canvas.onpointercancel = () => this.end();
        this.canvas.onkeydown = (event) => {
            if (event.key === "z" && (event.ctrlKey || event.metaKey)) this.undo();
            else if (event.key === "Delete" || event.key === "Backspace") this.clear();
            else return;
            event.preventDefault();
        };
        root.querySelector(".undo").onclick = () => this.undo();
        root.querySelector(".clear").onclick = () => this.clear();
        this.draw();
    }

    take({ side, texts, restore }) {
        if (restore && !this.strokes.length && last.length) {
            this.strokes = last;
            this.draw();
        }
        this.side = side;
        this.canvas.setAttribute("aria-label", texts.pad);
        this.root.querySelector(".undo").textContent = texts.undo;
        this.root.querySelector(".clear").textContent = texts.clear;
        this.root.querySelector("label span").textContent = texts.width;
        this.root.querySelector(".pad").dataset.ready = "true";
    }

    at(event) {
        const box = this.canvas.getBoundingClientRect();
        return [((event.clientX - box.left) / box.width) * SIDE, ((event.clientY - box.top) / box.height) * SIDE];
    }

    begin(event) {
        clearTimeout(this.pause);
        this.canvas.setPointerCapture(event.pointerId);
        const width = (Number(this.root.querySelector("input").value) / 280) * SIDE;
        this.stroke = { width, points: [this.at(event)] };
        this.strokes.push(this.stroke);
        this.draw();
    }

    go(event) {
        if (!this.stroke) return;
        for (const part of event.getCoalescedEvents?.().concat(event) ?? [event]) this.stroke.points.push(this.at(part));
        this.draw();
    }

    end() {
        if (!this.stroke) return;
        this.stroke = null;
        this.tell();
        this.pause = setTimeout(() => this.makeRoom(), PAUSE);
    }

    // On a phone, what the model makes of the drawing stands below the pad: the pad goes up, if there is no room for it.
    makeRoom() {
        const isBelow = window.matchMedia("(max-width: 640px)").matches;
        if (isBelow && this.canvas.getBoundingClientRect().bottom > 0.6 * window.innerHeight) {
            this.root.querySelector(".pad").scrollIntoView({ block: "start" });
        }
    }

    undo() {
        this.strokes.pop();
        this.draw();
        this.tell();
    }

    clear() {
        this.strokes = [];
        this.draw();
        this.tell();
    }

    draw() {
        const context = this.canvas.getContext("2d");
        context.fillStyle = "#000";
        context.fillRect(0, 0, SIDE, SIDE);
        context.lineCap = context.lineJoin = "round";
        context.strokeStyle = context.shadowColor = "#fff";
        for (const { width, points } of this.strokes) {
            context.lineWidth = width * (1 - SOFT);
            context.shadowBlur = width * SOFT;
            context.beginPath();
            context.moveTo(...points[0]);
            for (const point of points) context.lineTo(...point);
            context.stroke();
        }
        context.shadowBlur = 0;
        for (const name of [".undo", ".clear"]) this.root.querySelector(name).disabled = !this.strokes.length;
    }

    tell() {
        last = this.strokes;
        if (!this.strokes.length) return this.send("");
        const small = new OffscreenCanvas(this.side, this.side);
        const context = small.getContext("2d");
        context.imageSmoothingQuality = "high";
        context.drawImage(this.canvas, 0, 0, this.side, this.side);
        const { data } = context.getImageData(0, 0, this.side, this.side);
        let text = "";
        for (let k = 0; k < data.length; k += 4) text += String.fromCharCode(data[k]);
        this.send(btoa(text));
    }
}

export default function ({ data, parentElement, setStateValue }) {
    let pad = pads.get(parentElement);
    if (!pad) pads.set(parentElement, (pad = new Pad(parentElement)));
    pad.send = (picture) => setStateValue("picture", picture);
    pad.take(data);
    return () => {
        clearTimeout(pad.pause);
        pads.delete(parentElement);
    };
}
