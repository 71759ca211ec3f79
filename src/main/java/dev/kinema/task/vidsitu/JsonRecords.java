package dev.kinema.task.vidsitu;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonNull;
import com.google.gson.JsonObject;
import com.google.gson.JsonPrimitive;
import com.google.gson.Strictness;
import com.google.gson.stream.JsonReader;
import com.google.gson.stream.JsonToken;
import com.google.gson.stream.MalformedJsonException;
import dev.kinema.KinemaException;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.CharsetDecoder;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.function.Consumer;

/** The elements of a JSON list in a file, one after another: only one is in memory at a time. */
final class JsonRecords {
    static final String REMEDY = "correct it, or fetch the file again";
    private static final int DEEPEST = 32;

    /**
     * An element of the list.
     *
     * @param number its place in the list, from 0
     * @param value what it is
     * @param doubled a name that one of its objects has twice; null where none has
     */
    record Element(int number, JsonElement value, String doubled) {
    }

    private final Path file;
    private final JsonReader in;
    private String doubled;

    private JsonRecords(Path file, JsonReader in) {
        this.file = file;
        this.in = in;
    }

    /**
     * Reads a file.
     *
     * @param strictness lenient where Python may have written NaN
     * @throws KinemaException if there is no such file, it is not UTF-8, or no JSON list; what {@code to} throws is passed on
     */
    static void read(Path file, Strictness strictness, Consumer<Element> to) {
        CharsetDecoder utf8 = StandardCharsets.UTF_8.newDecoder().onMalformedInput(CodingErrorAction.REPORT);
        try (InputStreamReader text = new InputStreamReader(Files.newInputStream(file), utf8);
                JsonReader in = new JsonReader(text)) {
            in.setStrictness(strictness);
            new JsonRecords(file, in).run(to);
        } catch (NoSuchFileException e) {
            throw new KinemaException(file + ": there is no such file: check the path", e);
        } catch (IOException e) {
            throw new KinemaException(file + ": cannot be read (" + e + "): check the file and its permissions", e);
        }
    }

    private void run(Consumer<Element> to) throws IOException {
        int number = 0;
        if (!begins()) {
            throw new KinemaException(file + ": is no JSON list: " + REMEDY);
        }
        while (more(number)) {
            doubled = null;
            JsonElement value = element(number);
            to.accept(new Element(number, value, doubled));
            number++;
        }
    }

    private boolean begins() throws IOException {
        return syntax(0, () -> {
            boolean list = in.peek() == JsonToken.BEGIN_ARRAY;
            if (list) {
                in.beginArray();
            }
            return list;
        });
    }

    private boolean more(int number) throws IOException {
        return syntax(number, () -> {
            if (in.hasNext()) {
                return true;
            }
            in.endArray();
            if (in.peek() != JsonToken.END_DOCUMENT) {
                throw new KinemaException(file + ": has more after the end of its list: " + REMEDY);
            }
            return false;
        });
    }

    private JsonElement element(int number) throws IOException {
        return syntax(number, () -> tree(0));
    }

    /** A step of the parser. */
    private interface Step<T> {
        T run() throws IOException;
    }

    /** The parser's own words advise programmers. */
    private <T> T syntax(int number, Step<T> step) throws IOException {
        try {
            return step.run();
        } catch (EOFException e) {
            throw broken(number, "ends early", e);
        } catch (CharacterCodingException e) {
            throw broken(number, "is not UTF-8", e);
        } catch (MalformedJsonException | IllegalStateException | NumberFormatException e) {
            throw broken(number, "is no JSON", e);
        }
    }

    private KinemaException broken(int number, String what, Exception cause) {
        return new KinemaException(file + ", record " + number + ", at " + Quoted.of(in.getPath()) + ": the file " + what
            + " there: " + REMEDY, cause);
    }

    /** Not gson's own reading of a tree, which keeps the last of two entries of one name and says nothing. */
    private JsonElement tree(int depth) throws IOException {
        if (depth > DEEPEST) {
            throw new KinemaException(file + ": nests deeper than any record does, at " + Quoted.of(in.getPath()) + ": " + REMEDY);
        }
        switch (in.peek()) {
            case BEGIN_OBJECT -> {
                return object(depth);
            }
            case BEGIN_ARRAY -> {
                JsonArray array = new JsonArray();
                in.beginArray();
                while (in.hasNext()) {
                    array.add(tree(depth + 1));
                }
                in.endArray();
                return array;
            }
            case STRING -> {
                return new JsonPrimitive(in.nextString());
            }
            case NUMBER -> {
                return new JsonPrimitive(Double.parseDouble(in.nextString()));
            }
            case BOOLEAN -> {
                return new JsonPrimitive(in.nextBoolean());
            }
            default -> {
                in.nextNull();
                return JsonNull.INSTANCE;
            }
        }
    }

    private JsonObject object(int depth) throws IOException {
        JsonObject object = new JsonObject();
        in.beginObject();
        while (in.hasNext()) {
            String name = in.nextName();
            if (object.has(name)) {
                doubled = in.getPath().replaceFirst("^\\$\\[\\d+\\]\\.?", "");
            }
            object.add(name, tree(depth + 1));
        }
        in.endObject();
        return object;
    }
}
