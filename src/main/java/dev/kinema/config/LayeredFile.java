package dev.kinema.config;

import dev.kinema.KinemaException;
import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import org.snakeyaml.engine.v2.common.FlowStyle;
import org.snakeyaml.engine.v2.nodes.MappingNode;
import org.snakeyaml.engine.v2.nodes.Node;
import org.snakeyaml.engine.v2.nodes.NodeTuple;
import org.snakeyaml.engine.v2.nodes.ScalarNode;
import org.snakeyaml.engine.v2.nodes.Tag;

/**
 * A settings file with the files that it extends below it. Groups are merged key by key, anything else of the upper file replaces
 * what the lower one has. Every node keeps its mark, so that an error names the file and line that a value really stands in.
 */
final class LayeredFile {
    static final String EXTENDS = "extends";

    /** Far beyond any configuration; a file that was named by mistake is not read to its end. */
    private static final long LARGEST = 1 << 20;

    private static final int LONGEST_CHAIN = 8;

    private LayeredFile() {}

    /** The merged node of a file. */
    static Node read(Path file) {
        if (!Files.isRegularFile(file)) {
            throw new KinemaException(file + ": is no file: name a YAML file of settings");
        }
        return read(file, new ArrayList<>());
    }

    /** @param above the files that led here, the first one first */
    private static Node read(Path file, List<Path> above) {
        above.add(file);
        Node node = ConfigReader.node(file.toString(), text(file));
        Optional<NodeTuple> extension = extension(node);
        if (extension.isEmpty()) {
            return node;
        }
        Node name = extension.get().getValueNode();
        Place top = new Place(file.toString(), 0, "");
        Place place = top.entry(EXTENDS, name);
        Path lower = file.resolveSibling((Path) ScalarValue.read(place, name, Path.class));
        requireReadable(place, lower, above);
        MappingNode upper = (MappingNode) node;
        RecordReader.entries(top, upper);
        List<NodeTuple> rest = upper.getValue().stream().filter(t -> t != extension.get()).toList();
        return merge(new Place(lower.toString(), 0, ""), read(lower, above), withEntries(upper, rest));
    }

    private static void requireReadable(Place place, Path lower, List<Path> above) {
        String chain = above.stream().map(Path::toString).collect(Collectors.joining(" -> ")) + " -> " + lower;
        if (!Files.isRegularFile(lower)) {
            throw place.error("names " + lower + ", which is no file: give a path relative to this file");
        }
        if (above.stream().anyMatch(file -> isSame(place, file, lower))) {
            throw place.error("goes round in a circle, " + chain + ": remove one " + EXTENDS);
        }
        if (above.size() == LONGEST_CHAIN) {
            throw place.error("makes a chain of more than " + LONGEST_CHAIN + " files, " + chain + ": merge some of them");
        }
    }

    private static boolean isSame(Place place, Path a, Path b) {
        try {
            return Files.isSameFile(a, b);
        } catch (IOException e) {
            throw place.error("names " + b + ", which cannot be looked at (" + e.getMessage() + "): check its permissions", e);
        }
    }

    /** The entry of a document that names the file below it. */
    static Optional<NodeTuple> extension(Node node) {
        return node instanceof MappingNode mapping ? mapping.getValue().stream().filter(LayeredFile::isExtension).findFirst()
                : Optional.empty();
    }

    private static boolean isExtension(NodeTuple entry) {
        return entry.getKeyNode() instanceof ScalarNode key && key.getValue().equals(EXTENDS);
    }

    private static Node merge(Place place, Node lower, MappingNode upper) {
        if (lower.getTag().equals(Tag.NULL)) {
            return upper;
        }
        if (!(lower instanceof MappingNode mapping)) {
            throw place.at(lower).error("must be a group of keys to be extended");
        }
        Map<String, RecordReader.Entry> below = RecordReader.entries(place.at(lower), mapping);
        Map<String, RecordReader.Entry> above = RecordReader.entries(place.at(upper), upper);
        List<NodeTuple> merged = new ArrayList<>();
        below.forEach((key, entry) -> {
            if (!above.containsKey(key)) {
                merged.add(new NodeTuple(entry.key(), entry.value()));
            }
        });
        above.forEach((key, entry) -> {
            RecordReader.Entry under = below.get(key);
            boolean groups = under != null && under.value() instanceof MappingNode && entry.value() instanceof MappingNode;
            merged.add(new NodeTuple(entry.key(), groups
                    ? merge(place.entry(key, under.value()), under.value(), (MappingNode) entry.value()) : entry.value()));
        });
        return withEntries(upper, merged);
    }

    private static MappingNode withEntries(MappingNode node, List<NodeTuple> entries) {
        return new MappingNode(node.getTag(), true, entries, FlowStyle.BLOCK, node.getStartMark(), node.getEndMark());
    }

    private static String text(Path file) {
        try {
            if (Files.size(file) > LARGEST) {
                throw new KinemaException(file + ": has more than " + LARGEST + " bytes: name a YAML file of settings");
            }
            return Files.readString(file);
        } catch (CharacterCodingException e) {
            throw new KinemaException(file + ": is not UTF-8 text: save it as UTF-8", e);
        } catch (IOException e) {
            throw new KinemaException(file + ": cannot be read (" + e.getMessage() + "): check its permissions", e);
        }
    }
}
