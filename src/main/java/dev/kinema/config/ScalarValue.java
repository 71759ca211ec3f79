package dev.kinema.config;

import java.math.BigInteger;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import org.snakeyaml.engine.v2.nodes.Node;
import org.snakeyaml.engine.v2.nodes.ScalarNode;
import org.snakeyaml.engine.v2.nodes.Tag;

/** A single YAML value turned into a Java one; the YAML type must be the right one, nothing is coerced but integers to reals. */
final class ScalarValue {
    private ScalarValue() {}

    static boolean isScalar(Class<?> type) {
        return type.isEnum() || List.of(int.class, Integer.class, long.class, Long.class, float.class, Float.class,
                double.class, Double.class, boolean.class, Boolean.class, String.class, Path.class).contains(type);
    }

    static Object read(Place place, Node node, Class<?> type) {
        if (!(node instanceof ScalarNode scalar)) {
            throw place.error("must be " + noun(type) + ", not a list or group");
        }
        if (scalar.getTag().equals(Tag.NULL)) {
            throw place.error("has no value: give " + noun(type) + ", or remove the key where it has a default");
        }
        if (type == int.class || type == Integer.class) {
            return (int) integer(place, scalar, type, Integer.SIZE);
        } else if (type == long.class || type == Long.class) {
            return integer(place, scalar, type, Long.SIZE);
        } else if (type == double.class || type == Double.class) {
            return real(place, scalar, type);
        } else if (type == float.class || type == Float.class) {
            return (float) real(place, scalar, type);
        } else if (type == boolean.class || type == Boolean.class) {
            return Boolean.parseBoolean(text(place, scalar, type, Tag.BOOL).toLowerCase(Locale.ROOT));
        } else if (type.isEnum()) {
            return constant(place, scalar.getValue(), type);
        }
        String text = text(place, scalar, type, Tag.STR);
        return type == Path.class ? path(place, text) : text;
    }

    private static String text(Place place, ScalarNode scalar, Class<?> type, Tag... tags) {
        if (!Arrays.asList(tags).contains(scalar.getTag())) {
            throw place.error("must be " + noun(type) + ", not " + shown(scalar.getValue())
                    + (tags[0].equals(Tag.STR) ? ": put it in quotes if it is meant as text" : ""));
        }
        return scalar.getValue();
    }

    private static long integer(Place place, ScalarNode scalar, Class<?> type, int bits) {
        String text = text(place, scalar, type, Tag.INT);
        if (!text.matches("[+-]?[0-9]{1,40}")) {
            throw place.error("must be a decimal integer, not " + shown(text));
        }
        BigInteger value = new BigInteger(text);
        if (value.bitLength() >= bits) {
            throw place.error("is " + text + ", beyond a " + bits + "-bit integer: use a smaller number");
        }
        return value.longValue();
    }

    private static double real(Place place, ScalarNode scalar, Class<?> type) {
        String text = text(place, scalar, type, Tag.FLOAT, Tag.INT).toLowerCase(Locale.ROOT);
        if (text.matches("[+-]?\\.inf")) {
            return text.startsWith("-") ? Double.NEGATIVE_INFINITY : Double.POSITIVE_INFINITY;
        }
        if (text.equals(".nan")) {
            return Double.NaN;
        }
        if (!text.matches("[+-]?(\\.[0-9]+|[0-9]+(\\.[0-9]*)?)(e[+-]?[0-9]+)?")) {
            throw place.error("must be a decimal number, not " + shown(text));
        }
        return Double.parseDouble(text);
    }

    /** Constants are written in any case, with - or _ between words. */
    private static Object constant(Place place, String text, Class<?> type) {
        List<String> legal = Arrays.stream(type.getEnumConstants()).map(c -> ((Enum<?>) c).name().toLowerCase(Locale.ROOT)).toList();
        int index = legal.indexOf(text.toLowerCase(Locale.ROOT).replace('-', '_'));
        if (index < 0) {
            throw place.error("is " + shown(text) + NearestName.hint(text, legal) + ": it must be one of " + String.join(", ", legal));
        }
        return type.getEnumConstants()[index];
    }

    private static Path path(Place place, String text) {
        try {
            return Path.of(text);
        } catch (InvalidPathException e) {
            throw place.error("is " + shown(text) + ", no path on this system: name a file or folder", e);
        }
    }

    private static String noun(Class<?> type) {
        if (type == int.class || type == Integer.class || type == long.class || type == Long.class) {
            return "an integer";
        } else if (type == double.class || type == Double.class || type == float.class || type == Float.class) {
            return "a number";
        } else if (type == boolean.class || type == Boolean.class) {
            return "true or false";
        } else if (type.isEnum()) {
            return "one word";
        }
        return type == Path.class ? "a path" : "text";
    }

    private static String shown(String text) {
        String line = text.replaceAll("\\p{Cntrl}", " ");
        return "\"" + (line.length() > 80 ? line.substring(0, 80) + "..." : line) + "\"";
    }
}
