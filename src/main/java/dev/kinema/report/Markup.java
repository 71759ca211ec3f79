package dev.kinema.report;

/** HTML being written. Texts and attributes are escaped here and nowhere else. */
final class Markup {
    private final StringBuilder html = new StringBuilder();

    /** Opens an element; {@code attributes} are names and values in turn. */
    Markup open(String element, String... attributes) {
        html.append('<').append(element);
        for (int i = 0; i < attributes.length; i += 2) {
            html.append(' ').append(attributes[i]).append("=\"").append(escape(attributes[i + 1])).append('"');
        }
        html.append('>');
        return this;
    }

    Markup close(String element) {
        html.append("</").append(element).append('>');
        return this;
    }

    Markup text(String text) {
        html.append(escape(text));
        return this;
    }

    /** A whole element with a text in it. */
    Markup element(String element, String text, String... attributes) {
        return open(element, attributes).text(text).close(element);
    }

    Markup line() {
        html.append('\n');
        return this;
    }

    /** A style sheet, a script or a document type of ours, as it is. */
    Markup verbatim(String own) {
        html.append(own);
        return this;
    }

    /** Data for the page's script: JSON, in which nothing can end the element. */
    Markup data(String id, String json) {
        return open("script", "type", "application/json", "id", id).verbatim(json.replace("<", "\\u003c")).close("script");
    }

    static String escape(String text) {
        StringBuilder escaped = new StringBuilder(text.length() + 16);
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            switch (c) {
                case '&' -> escaped.append("&amp;");
                case '<' -> escaped.append("&lt;");
                case '>' -> escaped.append("&gt;");
                case '"' -> escaped.append("&quot;");
                case '\'' -> escaped.append("&#39;");
                // no character of a page, but of some file names
                default -> escaped.append(c < ' ' && c != '\n' && c != '\t' ? '\uFFFD' : c);
            }
        }
        return escaped.toString();
    }

    @Override
    public String toString() {
        return html.toString();
    }
}
