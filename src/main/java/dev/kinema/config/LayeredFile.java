package dev.kinema.config;

import dev.kinema.KinemaException;
import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.IdentityHashMap;
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
 * A settings file with the files that it, or a group in it, extends below it. Groups are merged key by key, anything else of the upper file
 * replaces what the lower one has. Every node keeps its mark, so that an error names the file and line that a value really stands in.
 */
final class LayeredFile {
    static final String EXTENDS = "extends";

    /** Far beyond any configuration; a file that was named by mistake is not read to its end. */
    private static final long LARGEST = 1 << 20;

    private static final int LONGEST_CHAIN = 8;

    private final Path file;
    private final List<Path> chain;
    private final Map<Node, Node> done = new IdentityHashMap<>();

    /** @param chain the files that led here and this one */
    private LayeredFile(Path file, List<Path> chain) {
        this.file = file;
        this.chain = chain;
    }

    /** The merged node of a file. */
    static Node read(Path file) {
        if (!Files.isRegularFile(file)) {
            throw new KinemaException(file + ": is no file: name a YAML file of settings");
        }
        return read(file, List.of());
    }

    /** @param above the files that led here, the first one first */
    private static Node read(Path file, List<Path> above) {
        List<Path> chain = new ArrayList<>(above);
        chain.add(file);
        return new LayeredFile(file, chain).layered(new Place(file.toString(), 0, ""), ConfigReader.node(file.toString(), text(file)));
    }

    /** A node of this file with what it and the groups in it extend below them. */
    private Node layered(Place place, Node node) {
        // the same node may stand in many places, by aliases, and even in itself, which no record can be read from
        if (!(node instanceof MappingNode mapping) || node.isRecursive()) {
            return node;
        }
        Node known = done.get(node);
        if (known == null) {
            known = layered(place, mapping);
            done.put(node, known);
        }
        return known;
    }

    private Node layered(Place place, MappingNode group) {
        Map<String, RecordReader.Entry> entries = RecordReader.entries(place, group);
        List<NodeTuple> own = new ArrayList<>();
        entries.forEach((key, entry) -> {
            if (!key.equals(EXTENDS)) {
                own.add(new NodeTuple(entry.key(), layered(place.entry(key, entry.value()), entry.value())));
            }
        });
        MappingNode upper = withEntries(group, own);
        RecordReader.Entry extension = entries.get(EXTENDS);
        if (extension == null) {
            return upper;
        }
        Place named = place.entry(EXTENDS, extension.value());
        Path lower = file.resolveSibling((Path) ScalarValue.read(named, extension.value(), Path.class));
        requireReadable(named, lower, chain);
        return merge(new Place(lower.toString(), 0, place.key()), read(lower, chain), upper);
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
