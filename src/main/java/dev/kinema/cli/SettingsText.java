package dev.kinema.cli;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** A YAML file's lines as settings with dotted names, to hold two files against each other: no reading of what the settings mean. */
final class SettingsText {
    /** A key that holds others, and how far its line is indented. */
    private record Level(int indent, String name) {}

    private final Deque<Level> levels = new ArrayDeque<>();
    private final Map<String, String> settings = new LinkedHashMap<>();

    private SettingsText() {}

    /** Dotted names to values as they are written; an entry of a list has its number, from 0, for a name. */
    static Map<String, String> flat(List<String> lines) {
        SettingsText text = new SettingsText();
        lines.stream().filter(line -> !line.isBlank() && !line.strip().startsWith("#") && !line.startsWith("---")).forEach(text::add);
        return text.settings;
    }

    private void add(String line) {
        int indent = line.length() - line.stripLeading().length();
        String rest = withoutComment(line.strip());
        boolean entry = rest.startsWith("- ");
        // entries may stand as far left as the key that holds them
        while (!levels.isEmpty() && (levels.peek().indent() > indent
            || levels.peek().indent() == indent && !(entry && isKey(levels.peek())))) {
            levels.pop();
        }
        if (entry) {
            int number = 0;
            String prefix = prefix();
            while (isTaken(prefix + number)) {
                number++;
            }
            rest = rest.substring(2).strip();
            if (colon(rest) < 0) {
                settings.put(prefix + number, rest);
                return;
            }
            levels.push(new Level(indent + 1, Integer.toString(number)));
            indent += 2;
        }
        int colon = colon(rest);
        if (colon < 0) {
            settings.merge(prefix().replaceFirst("\\.$", ""), rest, (before, more) -> before + " " + more);
            return;
        }
        String value = rest.substring(colon + 1).strip();
        if (value.isEmpty()) {
            levels.push(new Level(indent, rest.substring(0, colon)));
        } else {
            settings.put(prefix() + rest.substring(0, colon), value);
        }
    }

    private static boolean isKey(Level level) {
        return !level.name().matches("[0-9]+");
    }

    private boolean isTaken(String name) {
        return settings.keySet().stream().anyMatch(key -> key.equals(name) || key.startsWith(name + "."));
    }

    private String prefix() {
        StringBuilder prefix = new StringBuilder();
        levels.descendingIterator().forEachRemaining(level -> prefix.append(level.name()).append('.'));
        return prefix.toString();
    }

    /** Where the key ends, -1 where the line has none. */
    private static int colon(String text) {
        if (text.startsWith("\"") || text.startsWith("'") || text.startsWith("[") || text.startsWith("{")) {
            return -1;
        }
        int colon = text.indexOf(": ");
        return colon >= 0 ? colon : text.endsWith(":") ? text.length() - 1 : -1;
    }

    private static String withoutComment(String text) {
        int comment = text.indexOf(" #");
        boolean quoted = text.contains("\"") || text.contains("'");
        return comment < 0 || quoted ? text : text.substring(0, comment).stripTrailing();
    }
}
