// The document's language: screen readers choose their voice by it, browsers their hyphens and their offer to translate.
// Streamlit writes "en" whatever a page says.
export default function ({ data }) {
    document.documentElement.lang = data.language;
}
