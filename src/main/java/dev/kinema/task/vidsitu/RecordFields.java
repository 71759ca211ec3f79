package dev.kinema.task.vidsitu;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonNull;
import com.google.gson.JsonObject;
import com.google.gson.JsonPrimitive;
import dev.kinema.KinemaException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.BiFunction;

/** The fields of a record, or of an object in it. What is missing or of another kind is an error that names file, clip and field. */
final class RecordFields {
    private final String source;
    private final String path;
    private final JsonObject object;

    private RecordFields(String source, String path, JsonObject object) {
        this.source = source;
        this.path = path;
        this.object = object;
    }

    /**
     * The fields of a list's element.
     *
     * @param clip what the record says is its clip's id; null where it does not say
     * @throws KinemaException if it is no object, or has a name twice
     */
    static RecordFields of(Path file, JsonRecords.Element element, String clip) {
        String source = file + ", record " + element.number() + (clip == null ? "" : " (clip " + Quoted.of(clip) + ")");
        if (!(element.value() instanceof JsonObject object)) {
            throw new KinemaException(source + ": is " + kind(element.value()) + ", not an object: " + JsonRecords.REMEDY);
        }
        if (element.doubled() != null) {
            throw new KinemaException(source + ", field " + element.doubled() + ": is there twice: remove one of the two");
        }
        return new RecordFields(source, "", object);
    }

    boolean has(String name) {
        JsonElement value = object.get(name);
        return value != null && value != JsonNull.INSTANCE;
    }

    List<String> names() {
        return List.copyOf(object.keySet());
    }

    String text(String name) {
        return text(name, required(name));
    }

    private String text(String name, JsonElement value) {
        if (value instanceof JsonPrimitive primitive && primitive.isString()) {
            return primitive.getAsString();
        }
        throw wrongKind(name, value, "a text");
    }

    double number(String name) {
        return number(name, required(name));
    }

    private double number(String name, JsonElement value) {
        if (value instanceof JsonPrimitive primitive && primitive.isNumber()) {
            return primitive.getAsDouble();
        }
        throw wrongKind(name, value, "a number");
    }

    RecordFields object(String name) {
        JsonElement value = required(name);
        if (value instanceof JsonObject inner) {
            return new RecordFields(source, path + name + ".", inner);
        }
        throw wrongKind(name, value, "an object");
    }

    List<String> texts(String name) {
        return items(name, required(name), "a list of texts", this::text);
    }

    /** A list of lists of texts. */
    List<List<String>> textRows(String name) {
        return items(name, required(name), "a list of lists of texts",
            (row, value) -> items(row, value, "a list of texts", this::text));
    }

    /** A list of lists of finite numbers. */
    List<List<Double>> numberRows(String name) {
        return items(name, required(name), "a list of lists of numbers",
            (row, value) -> items(row, value, "a list of numbers", this::finite));
    }

    private double finite(String name, JsonElement value) {
        double number = number(name, value);
        if (!Double.isFinite(number)) {
            throw wrongKind(name, value, "a finite number");
        }
        return number;
    }

    private <T> List<T> items(String name, JsonElement value, String wanted, BiFunction<String, JsonElement, T> item) {
        if (!(value instanceof JsonArray array)) {
            throw wrongKind(name, value, wanted);
        }
        List<T> items = new ArrayList<>(array.size());
        for (JsonElement each : array) {
            items.add(item.apply(name + "[" + items.size() + "]", each));
        }
        return items;
    }

    private JsonElement required(String name) {
        JsonElement value = object.get(name);
        if (value == null) {
            throw refused(name, "is missing: " + JsonRecords.REMEDY);
        }
        return value;
    }

    private KinemaException wrongKind(String name, JsonElement value, String wanted) {
        return refused(name, "is " + kind(value) + ", not " + wanted + ": " + JsonRecords.REMEDY);
    }

    /** The error of a field. */
    KinemaException refused(String name, String whatAndRemedy) {
        return new KinemaException(source + ", field " + path + name + ": " + whatAndRemedy);
    }

    private static String kind(JsonElement value) {
        if (value instanceof JsonPrimitive primitive && primitive.isString()) {
            return "the text " + Quoted.of(primitive.getAsString());
        }
        if (value instanceof JsonPrimitive primitive) {
            return primitive.isNumber() ? "the number " + primitive.getAsString().replaceFirst("\\.0$", "") : primitive.getAsString();
        }
        return value instanceof JsonObject ? "an object" : value instanceof JsonArray ? "a list" : "null";
    }
}
