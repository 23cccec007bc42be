// A dot and a name for each class, into a list of class "legend".
const writeLegend = (list, names, colours) =>
    list.replaceChildren(
        ...names.map((name, number) => {
            const item = document.createElement("li");
            item.style.setProperty("--colour", colours[number]);
            item.textContent = name;
            return item;
        }),
    );

