package dev.kinema.task.vidsitu;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonNull;
import com.google.gson.JsonObject;
import com.google.gson.JsonPrimitive;
import dev.kinema.KinemaException;
import dev.kinema.checkpoint.PickleFile;
import dev.kinema.checkpoint.StoredTensor;
import dev.kinema.graph.Shape;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;

/** The elements of a pickled list, one after another, as JSON would have them: tuples and arrays of numpy's are lists. Executes nothing. */
final class PickledRecords {
    private static final int PROTOCOL = 0x80;

    private final Path file;
    private int number;

    private PickledRecords(Path file) {
        this.file = file;
    }

    /** Whether a file begins as a pickled list does, of any protocol; no JSON does. */
    static boolean is(Path file) {
        try (InputStream in = Files.newInputStream(file)) {
            int first = in.read();
            return first == PROTOCOL || first == ']' || first == '(';
        } catch (IOException e) {
            // whoever reads it says why
            return false;
        }
    }

    /**
     * Reads a file.
     *
     * @throws KinemaException if it cannot be read, names any code, or is no list; what {@code to} throws is passed on
     */
    static void read(Path file, Consumer<JsonRecords.Element> to) {
        try (PickleFile pickle = PickleFile.open(file, Set.of())) {
            if (!(pickle.root() instanceof List<?> list)) {
                throw new KinemaException(file + ": is no pickled list: " + JsonRecords.REMEDY);
            }
            PickledRecords records = new PickledRecords(file);
            for (Object each : list) {
                to.accept(new JsonRecords.Element(records.number, records.json(each, ""), null));
                records.number++;
            }
        }
    }

    private JsonElement json(Object value, String field) {
        if (value == null) {
            return JsonNull.INSTANCE;
        }
        if (value instanceof String text) {
            return new JsonPrimitive(text);
        }
        if (value instanceof Number n) {
            return new JsonPrimitive(n);
        }
        if (value instanceof Boolean b) {
            return new JsonPrimitive(b);
        }
        if (value instanceof List<?> list) {
            JsonArray array = new JsonArray(list.size());
            for (Object each : list) {
                array.add(json(each, field + "[" + array.size() + "]"));
            }
            return array;
        }
        if (value instanceof Map<?, ?> map) {
            return object(map, field);
        }
        if (value instanceof StoredTensor array) {
            return rows(array.read().toDoubles(), array.shape(), 0, 0);
        }
        throw refused(field, "is neither text nor number, nor a list or dictionary of such: save plain values");
    }

    private JsonObject object(Map<?, ?> map, String field) {
        JsonObject object = new JsonObject();
        for (Map.Entry<?, ?> entry : map.entrySet()) {
            if (!(entry.getKey() instanceof String name)) {
                throw refused(field, "has the key " + entry.getKey() + ", which is no text: save dictionaries with names");
            }
            object.add(name, json(entry.getValue(), field.isEmpty() ? name : field + "." + name));
        }
        return object;
    }

    /** An array's part at an index of its first axes. */
    private static JsonElement rows(double[] values, Shape shape, int axis, int index) {
        if (axis == shape.rank()) {
            return new JsonPrimitive(values[index]);
        }
        // an array of nothing may claim any number of rows
        int size = shape.elements() == 0 ? 0 : shape.dim(axis);
        JsonArray array = new JsonArray(size);
        for (int i = 0; i < size; i++) {
            array.add(rows(values, shape, axis + 1, index * size + i));
        }
        return array;
    }

    private KinemaException refused(String field, String whatAndRemedy) {
        return new KinemaException(file + ", record " + number + (field.isEmpty() ? "" : ", field " + field) + ": " + whatAndRemedy);
    }
}
