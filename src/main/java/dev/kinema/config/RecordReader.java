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
import org.snakeyaml.engine.v2.nodes.MappingNode;
import org.snakeyaml.engine.v2.nodes.Node;
import org.snakeyaml.engine.v2.nodes.NodeTuple;
import org.snakeyaml.engine.v2.nodes.ScalarNode;
import org.snakeyaml.engine.v2.nodes.SequenceNode;

/** Turns YAML nodes into records, lists and single values, as the types of the components ask. */
final class RecordReader {
    /** A key of the file with the value below it. */
    private record Entry(Node key, Node value) {}

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
        return construct(place, type, values);
    }

    private static Map<String, Entry> entries(Place place, MappingNode mapping) {
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

    private static Object construct(Place place, Class<?> type, Object[] values) {
        try {
            Class<?>[] types = Arrays.stream(type.getRecordComponents()).map(RecordComponent::getType).toArray(Class<?>[]::new);
            Constructor<?> constructor = type.getDeclaredConstructor(types);
            constructor.setAccessible(true);
            return constructor.newInstance(values);
        } catch (InvocationTargetException e) {
            if (e.getCause() instanceof KinemaException || e.getCause() instanceof IllegalArgumentException) {
                throw place.error(e.getCause().getMessage(), e.getCause());
            }
            throw new IllegalStateException(type + " has a constructor that fails", e.getCause());
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException(type + " cannot be constructed", e);
        }
    }

    /** frameInterval as frame_interval. */
    private static String key(RecordComponent component) {
        return component.getName().replaceAll("([a-z0-9])([A-Z])", "$1_$2").toLowerCase(Locale.ROOT);
    }
}
