package dev.kinema.data;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParseException;
import com.google.gson.JsonParser;
import com.google.gson.JsonPrimitive;
import dev.kinema.KinemaException;
import java.util.function.Predicate;

/** The fields of a JSON object that was read from a file. What is missing or of another kind is an error that names the file. */
final class JsonFields {
    private final String source;
    private final String remedy;
    private final JsonObject object;

    private JsonFields(String source, String remedy, JsonObject object) {
        this.source = source;
        this.remedy = remedy;
        this.object = object;
    }

    /**
     * Reads an object.
     *
     * @param source what to name in errors, such as a file and its line
     * @param remedy what to do about an error
     */
    static JsonFields parse(String source, String remedy, String text) {
        try {
            if (JsonParser.parseString(text) instanceof JsonObject object) {
                return new JsonFields(source, remedy, object);
            }
            throw new KinemaException(source + ": is no JSON object: " + remedy);
        } catch (JsonParseException e) {
            throw new KinemaException(source + ": is no JSON: " + remedy, e);
        }
    }

    boolean has(String name) {
        return object.has(name);
    }

    String text(String name) {
        return primitive(name, "text", JsonPrimitive::isString).getAsString();
    }

    double number(String name) {
        return primitive(name, "a number", JsonPrimitive::isNumber).getAsDouble();
    }

    /** An integer that is not below 0. */
    long count(String name) {
        String text = primitive(name, "an integer", JsonPrimitive::isNumber).getAsString();
        if (!text.matches("[0-9]{1,18}")) {
            throw refused("has " + name + " " + text + ", which is no integer of 0 or more");
        }
        return Long.parseLong(text);
    }

    /** A {@link #count} that fits an int. */
    int size(String name) {
        long count = count(name);
        if (count > Integer.MAX_VALUE) {
            throw refused("has " + name + " " + count + ", which is beyond any");
        }
        return (int) count;
    }

    /** The error of this object, with its remedy. */
    KinemaException refused(String what) {
        return new KinemaException(source + ": " + what + ": " + remedy);
    }

    private JsonPrimitive primitive(String name, String kind, Predicate<JsonPrimitive> is) {
        JsonElement element = object.get(name);
        if (element instanceof JsonPrimitive primitive && is.test(primitive)) {
            return primitive;
        }
        throw refused(element == null ? "has no " + name : "has a " + name + " that is not " + kind);
    }
}
