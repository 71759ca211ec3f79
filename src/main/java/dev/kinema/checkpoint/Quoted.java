package dev.kinema.checkpoint;

/** Text out of a file made fit for a one-line message: quoted, control characters escaped, cut where it is long. */
final class Quoted {
    private static final int LONGEST = 120;

    private Quoted() {}

    static String of(String text) {
        StringBuilder out = new StringBuilder("\"");
        for (int i = 0; i < text.length(); i++) {
            if (i == LONGEST) {
                return out.append("...\" (").append(text.length()).append(" characters)").toString();
            }
            char c = text.charAt(i);
            if (c < ' ' || c == 0x7f || Character.isSurrogate(c) || Character.getType(c) == Character.FORMAT
                    || c == '\u2028' || c == '\u2029' || (c >= 0x80 && c < 0xa0)) {
                out.append(String.format("\\u%04x", (int) c));
            } else {
                out.append(c);
            }
        }
        return out.append('"').toString();
    }
}
