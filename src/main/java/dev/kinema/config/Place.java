package dev.kinema.config;

import dev.kinema.KinemaException;
import org.snakeyaml.engine.v2.exceptions.Mark;
import org.snakeyaml.engine.v2.nodes.Node;

/**
 * Where in a file a value stands: what every error starts with.
 *
 * @param source the file
 * @param line line of the value, from 1; 0 where it is not known
 * @param key keys from the top, joined by dots, with the index of a list element in brackets; empty at the top
 */
record Place(String source, int line, String key) {
    /** The place of an entry below this one. */
    Place entry(String name, Node node) {
        return new Place(sourceOf(node), lineOf(node), key.isEmpty() ? name : key + "." + name);
    }

    /** The place of a list element below this one. */
    Place element(int index, Node node) {
        return new Place(sourceOf(node), lineOf(node), key + "[" + index + "]");
    }

    /** The same value, at the line of that node. */
    Place at(Node node) {
        return new Place(sourceOf(node), lineOf(node), key);
    }

    /** A file that extends another one holds nodes of both. */
    private String sourceOf(Node node) {
        return line < 0 ? source : node.getStartMark().map(Mark::getName).orElse(source);
    }

    private int lineOf(Node node) {
        return line < 0 ? line : node.getStartMark().map(m -> m.getLine() + 1).orElse(0);
    }

    /** The place of a default: it is in no line of a file. */
    Place ofDefault(String name) {
        return new Place(source, -1, (key.isEmpty() ? name : key + "." + name) + " (default)");
    }

    KinemaException error(String whatAndRemedy) {
        return error(whatAndRemedy, null);
    }

    KinemaException error(String whatAndRemedy, Throwable cause) {
        String message = source + (line > 0 ? ":" + line : "") + ": " + (key.isEmpty() ? "" : key + ": ") + whatAndRemedy;
        // a key in quotes may hold line ends
        return new KinemaException(message.replaceAll("\\p{Cntrl}", " "), cause);
    }
}
