package dev.kinema.checkpoint;

/** The escapes of protocol 0, where texts are written as lines of ASCII. */
final class PickleText {
    private PickleText() {}

    /** A Python 2 string literal with its quotes, as {@code 'a\x00\n'}; each character of the result is one byte. Null if malformed. */
    static String unquote(String literal) {
        int last = literal.length() - 1;
        if (last < 1 || literal.charAt(0) != literal.charAt(last) || "'\"".indexOf(literal.charAt(0)) < 0) {
            return null;
        }
        StringBuilder out = new StringBuilder(last);
        int at = 1;
        while (at < last) {
            char c = literal.charAt(at++);
            if (c != '\\') {
                out.append(c);
                continue;
            }
            if (at == last) {
                return null;
            }
            char kind = literal.charAt(at++);
            int simple = "\\'\"abfnrtv".indexOf(kind);
            if (simple >= 0) {
                out.append("\\'\"\u0007\b\f\n\r\t\u000b".charAt(simple));
            } else if (kind == 'x' && at + 2 <= last && hex(literal, at, 2) >= 0) {
                out.append((char) hex(literal, at, 2));
                at += 2;
            } else if (kind >= '0' && kind <= '7') {
                int value = kind - '0';
                for (int i = 0; i < 2 && at < last && literal.charAt(at) >= '0' && literal.charAt(at) <= '7'; i++) {
                    value = value * 8 + literal.charAt(at++) - '0';
                }
                out.append((char) (value & 0xff));
            } else {
                return null;
            }
        }
        return out.toString();
    }

    /** Text with Python's raw-unicode-escape: only {@code \}{@code uXXXX} and {@code \}{@code UXXXXXXXX} are special. Null if malformed. */
    static String rawUnicode(String line) {
        StringBuilder out = new StringBuilder(line.length());
        int at = 0;
        while (at < line.length()) {
            char c = line.charAt(at++);
            boolean escape = c == '\\' && at < line.length() && (line.charAt(at) == 'u' || line.charAt(at) == 'U');
            if (!escape) {
                out.append(c);
                continue;
            }
            int digits = line.charAt(at++) == 'u' ? 4 : 8;
            int value = at + digits <= line.length() ? hex(line, at, digits) : -1;
            if (!Character.isValidCodePoint(value)) {
                return null;
            }
            out.appendCodePoint(value);
            at += digits;
        }
        return out.toString();
    }

    private static int hex(String text, int from, int digits) {
        int value = 0;
        for (int i = from; i < from + digits; i++) {
            int digit = Character.digit(text.charAt(i), 16);
            if (digit < 0 || value < 0) {
                return -1;
            }
            value = value * 16 + digit;
        }
        return value;
    }
}
