package dev.kinema.config;

import dev.kinema.KinemaException;
import java.lang.reflect.Constructor;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.ParameterizedType;
import java.lang.reflect.RecordComponent;
import java.lang.reflect.Type;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.snakeyaml.engine.v2.nodes.MappingNode;
import org.snakeyaml.engine.v2.nodes.Node;
import org.snakeyaml.engine.v2.nodes.NodeTuple;
import org.snakeyaml.engine.v2.nodes.ScalarNode;
import org.snakeyaml.engine.v2.nodes.SequenceNode;

/** Turns YAML nodes into records, lists and single values, as the types of the components ask. */
final class RecordReader {
    /** A key of the file with the value below it. */
    record Entry(Node key, Node value) {}

    Object read(Place place, Node node, Class<?> type) {
        if (!(node instanceof MappingNode mapping)) {
            throw place.error("must be a group of keys, such as " + key(type.getRecordComponents()[0]) + ": ...");
        }
        Map<String, Entry> entries = entries(place, mapping);
        RecordComponent[] components = type.getRecordComponents();
        List<String> known = Arrays.stream(components).map(RecordReader::key).toList();
        for (Map.Entry<String, Entry> e : entries.entrySet()) {
            if (!known.contains(e.getKey())) {
                throw place.entry(e.getKey(), e.getValue().key()).error("unknown key" + NearestName.hint(e.getKey(), known)
                        + ": the keys here are " + String.join(", ", known));
            }
        }
        Object[] values = new Object[components.length];
        for (int i = 0; i < components.length; i++) {
            values[i] = component(place, components[i], entries.get(known.get(i)));
        }
        return construct(new Construction(place, node, entries, known, values), type);
    }

    /** Keys of a record that a file must have. */
    List<String> required(Class<?> type) {
        return Arrays.stream(type.getRecordComponents())
                .filter(c -> !c.isAnnotationPresent(Default.class) && c.getType() != Optional.class).map(RecordReader::key).toList();
    }

    /** What a record is made from, in the order of its components. */
    private record Construction(Place place, Node node, Map<String, Entry> entries, List<String> keys, Object[] values) {
        /** The error for what a constructor threw: at the line of the first key it speaks of, else at that of the group. */
        KinemaException refused(RuntimeException thrown) {
            String message = thrown.getMessage() == null ? "its values do not go together" : thrown.getMessage();
            for (int i = 0; i < values.length; i++) {
                message = withoutRecords(message, keys.get(i), values[i]);
            }
            return place.at(spokenOf(message)).error(message, thrown);
        }

        private Node spokenOf(String message) {
            Node first = node;
            int at = message.length();
            for (Map.Entry<String, Entry> e : entries.entrySet()) {
                Matcher word = Pattern.compile("\\b" + Pattern.quote(e.getKey()) + "\\b").matcher(message);
                if (word.find() && word.start() < at) {
                    at = word.start();
                    first = e.getValue().key();
                }
            }
            return first;
        }

        /** Groups are named by their key instead of being written out as Java does. */
        private static String withoutRecords(String message, String key, Object value) {
            if (value instanceof Optional<?> optional && optional.isPresent()) {
                return withoutRecords(message.replace(value.toString(), key), key, optional.get());
            } else if (value instanceof List<?> list && !list.isEmpty() && list.get(0) instanceof Record) {
                return message.replace(value.toString(), list.size() + " " + key);
            }
            return value instanceof Record ? message.replace(value.toString(), key) : message;
        }
    }

    /** The entries of a group by key, in their order. */
    static Map<String, Entry> entries(Place place, MappingNode mapping) {
        Map<String, Entry> entries = new LinkedHashMap<>();
        for (NodeTuple tuple : mapping.getValue()) {
            Node key = tuple.getKeyNode();
            if (!(key instanceof ScalarNode name)) {
                throw place.entry("?", key).error("a key must be one word");
            }
            if (entries.put(name.getValue(), new Entry(key, tuple.getValueNode())) != null) {
                throw place.entry(name.getValue(), key).error("appears twice: remove one");
            }
        }
        return entries;
    }

    private Object component(Place place, RecordComponent component, Entry entry) {
        String key = key(component);
        if (entry != null) {
            return value(place.entry(key, entry.value()), entry.value(), component.getGenericType());
        }
        Default byDefault = component.getAnnotation(Default.class);
        if (byDefault != null) {
            Node node = ConfigReader.node("the default of " + key, byDefault.value());
            return value(place.ofDefault(key), node, component.getGenericType());
        }
        if (component.getType() == Optional.class) {
            return Optional.empty();
        }
        throw place.error("lacks the key " + key + ": add it");
    }

    private Object value(Place place, Node node, Type type) {
        if (type instanceof ParameterizedType parameterized) {
            Type inner = parameterized.getActualTypeArguments()[0];
            if (parameterized.getRawType() == Optional.class) {
                return Optional.of(value(place, node, inner));
            } else if (parameterized.getRawType() == List.class) {
                return list(place, node, inner);
            }
        } else if (type instanceof Class<?> plain) {
            if (ScalarValue.isScalar(plain)) {
                return ScalarValue.read(place, node, plain);
            } else if (plain.isRecord()) {
                return read(place, node, plain);
            }
        }
        throw new IllegalArgumentException("a configuration record cannot have a component of type " + type);
    }

    private List<Object> list(Place place, Node node, Type inner) {
        if (!(node instanceof SequenceNode sequence)) {
            throw place.error("must be a list, such as [a, b]");
        }
        List<Object> items = new ArrayList<>();
        for (Node item : sequence.getValue()) {
            items.add(value(place.element(items.size(), item), item, inner));
        }
        return List.copyOf(items);
    }

    private static Object construct(Construction construction, Class<?> type) {
        try {
            Class<?>[] types = Arrays.stream(type.getRecordComponents()).map(RecordComponent::getType).toArray(Class<?>[]::new);
            Constructor<?> constructor = type.getDeclaredConstructor(types);
            constructor.setAccessible(true);
            return constructor.newInstance(construction.values());
        } catch (InvocationTargetException e) {
            if (e.getCause() instanceof KinemaException || e.getCause() instanceof IllegalArgumentException) {
                throw construction.refused((RuntimeException) e.getCause());
            }
            throw new IllegalStateException(type + " has a constructor that fails", e.getCause());
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException(type + " cannot be constructed", e);
        }
    }

    /** frameInterval as frame_interval. */
    static String key(RecordComponent component) {
        return component.getName().replaceAll("([a-z0-9])([A-Z])", "$1_$2").toLowerCase(Locale.ROOT);
    }
}
