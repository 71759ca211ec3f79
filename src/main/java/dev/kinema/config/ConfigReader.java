package dev.kinema.config;

import java.nio.file.Path;
import java.util.List;
import org.snakeyaml.engine.v2.api.LoadSettings;
import org.snakeyaml.engine.v2.api.lowlevel.Compose;
import org.snakeyaml.engine.v2.api.lowlevel.Parse;
import org.snakeyaml.engine.v2.events.CollectionEndEvent;
import org.snakeyaml.engine.v2.events.CollectionStartEvent;
import org.snakeyaml.engine.v2.events.Event;
import org.snakeyaml.engine.v2.exceptions.MarkedYamlEngineException;
import org.snakeyaml.engine.v2.exceptions.YamlEngineException;
import org.snakeyaml.engine.v2.nodes.MappingNode;
import org.snakeyaml.engine.v2.nodes.Node;
import org.snakeyaml.engine.v2.nodes.Tag;
import org.snakeyaml.engine.v2.schema.CoreSchema;

/**
 * Reads YAML 1.2 settings into a record, strictly: every key must be a component of the record, every component must have a
 * value of its type, no key may appear twice. An error names the file, the line, the key and, for a mistyped key, the nearest.
 *
 * <p>Keys are the component's name in snake case: {@code frameInterval} is {@code frame_interval}. Component types: int, long, float,
 * double, boolean, String, Path (as written, so relative to the working directory), enums (any case, - or _ between words),
 * nested records, List, Optional (empty where the key is absent), and boxes of the primitive ones. Defaults are given by
 * {@link Default}. Ranges are checked by the record's constructor: what it throws (IllegalArgumentException or KinemaException)
 * comes out with file, line (of the first key that the message names) and key before it. The numbers are those of
 * YAML 1.2's core schema: {@code 1e-4} is one.
 */
public final class ConfigReader {
    private static final int DEEPEST = 50;

    private static final String NO_KEYS = "{}";

    private ConfigReader() {}

    /**
     * Reads a file, and below it the one that its key {@code extends} names: what this file does not say is taken from there.
     * Groups are merged key by key; lists and single values replace each other whole. A group may have {@code extends}, too: the file that
     * it names holds the keys of this group.
     *
     * @param file YAML, UTF-8, one document, at most 1 MiB; {@code extends} is relative to the file it stands in, a chain
     *     has at most 8 files
     * @param type a record
     * @throws dev.kinema.KinemaException if the file cannot be read or anything in it is unknown, missing, of a wrong type or out of range
     */
    public static <T extends Record> T read(Path file, Class<T> type) {
        return record(file.toString(), LayeredFile.read(file), type);
    }

    /**
     * Reads a text.
     *
     * @param source what to name in errors
     * @param yaml one YAML document; empty means no keys; it cannot extend a file
     * @param type a record
     */
    public static <T extends Record> T parse(String source, String yaml, Class<T> type) {
        Node node = node(source, yaml);
        LayeredFile.extension(node).ifPresent(extension -> {
            throw new Place(source, 0, "").entry(LayeredFile.EXTENDS, extension.getKeyNode())
                    .error("only a file can extend another one: write these settings to a file, or give all of them here");
        });
        return record(source, node, type);
    }

    private static <T extends Record> T record(String source, Node document, Class<T> type) {
        Place top = new Place(source, 0, "");
        Node node = document;
        RecordReader reader = new RecordReader();
        if (isEmpty(node)) {
            List<String> required = reader.required(type);
            if (!required.isEmpty()) {
                throw top.error("is empty: give it the keys " + String.join(", ", required));
            }
            node = node(source, NO_KEYS);
        }
        return type.cast(reader.read(top, node, type));
    }

    private static boolean isEmpty(Node node) {
        return node.getTag().equals(Tag.NULL) || node instanceof MappingNode mapping && mapping.getValue().isEmpty();
    }

    /** The composer recurses: a file of nothing but brackets would overflow its stack. */
    private static void requireShallow(String source, Iterable<Event> events) {
        int depth = 0;
        for (Event event : events) {
            depth += event instanceof CollectionStartEvent ? 1 : event instanceof CollectionEndEvent ? -1 : 0;
            if (depth > DEEPEST) {
                int line = event.getStartMark().map(m -> m.getLine() + 1).orElse(0);
                throw new Place(source, line, "").error("nests more than " + DEEPEST + " groups: check brackets and dashes");
            }
        }
    }

    /** The document's node; a mapping without entries for a text without content. */
    static Node node(String source, String yaml) {
        LoadSettings settings = LoadSettings.builder().setLabel(source).setSchema(new CoreSchema())
                .setAllowDuplicateKeys(false).setAllowRecursiveKeys(false).setMaxAliasesForCollections(50).build();
        try {
            requireShallow(source, new Parse(settings).parseString(yaml));
            return new Compose(settings).composeString(yaml)
                    .orElseGet(() -> new Compose(settings).composeString(NO_KEYS).orElseThrow());
        } catch (MarkedYamlEngineException e) {
            int line = e.getProblemMark().map(m -> m.getLine() + 1).orElse(0);
            String context = e.getContext() == null ? "" : e.getContext() + ", ";
            throw new Place(source, line, "").error("is not YAML: " + (context + e.getProblem()).replaceAll("\\s+", " ")
                    + ": check indentation and quotes", e);
        } catch (YamlEngineException e) {
            throw new Place(source, 0, "").error("is not YAML: " + e.getMessage().replaceAll("\\s+", " ")
                    + ": check indentation and quotes", e);
        }
    }
}
