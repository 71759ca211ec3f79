package dev.kinema.task.vidsitu;

/** Text out of a file made fit for a message: quoted, control characters escaped, cut where it is long. */
final class Quoted {
    private static final int LONGEST = 80;

    private Quoted() {
    }

    static String of(String text) {
        StringBuilder out = new StringBuilder("'");
        for (int i = 0; i < text.length() && i < LONGEST; i++) {
            char c = text.charAt(i);
            boolean odd = Character.isISOControl(c) || Character.isSurrogate(c) || c == '\u2028' || c == '\u2029';
            out.append(odd ? String.format("\\u%04x", (int) c) : String.valueOf(c));
        }
        return out.append(text.length() > LONGEST ? "...'" : "'").toString();
    }
}
