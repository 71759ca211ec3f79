package dev.kinema.config;

import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.RecordComponent;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Pattern;

/**
 * Writes a record as YAML with all its values, so that {@link ConfigReader} reads an equal record from it: what a run was started
 * with, defaults included. Optionals that are empty are left out.
 */
public final class ConfigWriter {
    private static final String INDENT = "  ";

    /** Text that YAML takes as text without quotes, the words below excepted. */
    private static final Pattern PLAIN = Pattern.compile("[A-Za-z_/][A-Za-z0-9_./-]*");
    private static final Pattern WORD_OF_YAML = Pattern.compile("(?i)true|false|null");

    private ConfigWriter() {}

    /**
     * YAML text, one component a line.
     *
     * @throws IllegalArgumentException if a component has a type that ConfigReader does not read
     */
    public static String write(Record settings) {
        List<String> lines = block(settings);
        return (lines.isEmpty() ? "{}" : String.join("\n", lines)) + "\n";
    }

    /** A key of a record with its value; without those that are absent. */
    private record Entry(String key, Object value) {}

    private static List<Entry> entries(Record settings) {
        List<Entry> entries = new ArrayList<>();
        for (RecordComponent component : settings.getClass().getRecordComponents()) {
            Object value = value(settings, component);
            if (value instanceof Optional<?> optional) {
                if (optional.isEmpty() && component.isAnnotationPresent(Default.class)) {
                    throw new IllegalArgumentException(component + " is optional and has a default: its absence cannot be written");
                }
                value = optional.orElse(null);
            } else if (value == null) {
                throw new IllegalArgumentException(component + " of " + settings + " is null");
            }
            if (value != null) {
                entries.add(new Entry(RecordReader.key(component), value));
            }
        }
        return entries;
    }

    private static Object value(Record settings, RecordComponent component) {
        try {
            Method accessor = component.getAccessor();
            accessor.setAccessible(true);
            return accessor.invoke(settings);
        } catch (InvocationTargetException e) {
            throw new IllegalStateException(component + " has an accessor that fails", e.getCause());
        } catch (IllegalAccessException e) {
            throw new IllegalStateException(component + " cannot be read", e);
        }
    }

    private static List<String> block(Record settings) {
        List<String> lines = new ArrayList<>();
        for (Entry entry : entries(settings)) {
            if (entry.value() instanceof Record group && !entries(group).isEmpty()) {
                lines.add(entry.key() + ":");
                block(group).forEach(line -> lines.add(INDENT + line));
            } else if (isListOfRecords(entry.value())) {
                lines.add(entry.key() + ":");
                ((List<?>) entry.value()).forEach(item -> lines.addAll(item((Record) item)));
            } else {
                lines.add(entry.key() + ": " + flow(entry.value()));
            }
        }
        return lines;
    }

    private static boolean isListOfRecords(Object value) {
        return value instanceof List<?> list && !list.isEmpty() && list.stream().allMatch(Record.class::isInstance);
    }

    private static List<String> item(Record settings) {
        List<String> lines = block(settings);
        if (lines.isEmpty()) {
            return List.of(INDENT + "- {}");
        }
        List<String> item = new ArrayList<>();
        for (String line : lines) {
            item.add(INDENT + (item.isEmpty() ? "- " : INDENT) + line);
        }
        return item;
    }

    /** A value in one line. */
    private static String flow(Object value) {
        if (value instanceof Record group) {
            return "{" + String.join(", ", entries(group).stream().map(e -> e.key() + ": " + flow(e.value())).toList()) + "}";
        } else if (value instanceof List<?> list) {
            return "[" + String.join(", ", list.stream().map(ConfigWriter::flow).toList()) + "]";
        } else if (value instanceof Integer || value instanceof Long || value instanceof Boolean) {
            return value.toString();
        } else if (value instanceof Double real) {
            return real(real);
        } else if (value instanceof Float single) {
            // the shortest text of a float is read as a double first; where that rounds to another float, all digits are written
            double shortest = Double.parseDouble(single.toString());
            return real(Float.compare((float) shortest, single) == 0 ? shortest : single.doubleValue());
        } else if (value instanceof Enum<?> constant) {
            return text(constant.name().toLowerCase(Locale.ROOT));
        } else if (value instanceof String || value instanceof Path) {
            return text(value.toString());
        }
        throw new IllegalArgumentException("a configuration record cannot hold " + value + " of " + value.getClass());
    }

    private static String real(double value) {
        if (Double.isNaN(value)) {
            return ".nan";
        } else if (Double.isInfinite(value)) {
            return value > 0 ? ".inf" : "-.inf";
        }
        return Double.toString(value).replace('E', 'e');
    }

    private static String text(String text) {
        if (PLAIN.matcher(text).matches() && !WORD_OF_YAML.matcher(text).matches()) {
            return text;
        }
        StringBuilder quoted = new StringBuilder("\"");
        text.codePoints().forEach(c -> {
            if (c == '"' || c == '\\') {
                quoted.append('\\').appendCodePoint(c);
            } else if (c >= ' ' && c <= '~' || Character.isLetterOrDigit(c)) {
                quoted.appendCodePoint(c);
            } else {
                quoted.append(c <= 0xFF ? "\\x%02x".formatted(c) : c <= 0xFFFF ? "\\u%04x".formatted(c) : "\\U%08x".formatted(c));
            }
        });
        return quoted.append('"').toString();
    }
}
