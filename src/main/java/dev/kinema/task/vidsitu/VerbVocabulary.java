package dev.kinema.task.vidsitu;

import com.google.gson.Strictness;
import com.google.gson.stream.JsonWriter;
import dev.kinema.KinemaException;
import dev.kinema.checkpoint.AtomicFile;
import dev.kinema.checkpoint.PickleFile;
import dev.kinema.checkpoint.PickledObject;
import java.io.IOException;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * The outputs of a verb classifier: four special symbols, then verb senses in falling frequency. The release's has 1560. What is not in it,
 * such as a verb that only validation has, is {@link #UNKNOWN}.
 */
public final class VerbVocabulary {
    /** What stands first, as in fairseq's dictionaries. */
    public static final List<String> SPECIALS = List.of("<s>", "<pad>", "</s>", "<unk>");
    /** Number of the symbol for all that is not in the vocabulary. */
    public static final int UNKNOWN = 3;

    static final String DICTIONARY = "fairseq.data.dictionary.Dictionary";

    private final List<String> symbols;
    private final Map<String, Integer> indices = new HashMap<>();

    private VerbVocabulary(String source, List<String> symbols) {
        this.symbols = List.copyOf(symbols);
        for (int i = 0; i < symbols.size(); i++) {
            Integer before = indices.put(symbols.get(i), i);
            if (before != null) {
                throw new KinemaException(source + ": symbol " + i + ", " + Quoted.of(symbols.get(i)) + ", is symbol " + before
                    + " already: remove one of the two");
            }
        }
        if (symbols.size() <= SPECIALS.size() || !symbols.subList(0, SPECIALS.size()).equals(SPECIALS)) {
            throw new KinemaException(source + ": is no vocabulary of verbs: it must begin with " + SPECIALS + ", and verbs must follow");
        }
    }

    /**
     * Counts the verbs of annotations. The most frequent comes first, and of equally frequent ones the first by alphabet, as in fairseq.
     *
     * @throws KinemaException if there is no annotation
     */
    public static VerbVocabulary of(List<Annotation> annotations) {
        Map<String, Integer> counts = new HashMap<>();
        annotations.forEach(annotation -> annotation.events().forEach(event -> counts.merge(event.verbId(), 1, Integer::sum)));
        List<String> symbols = new ArrayList<>(SPECIALS);
        counts.entrySet().stream().sorted(Map.Entry.<String, Integer>comparingByValue().reversed()
            .thenComparing(Map.Entry.comparingByKey(Comparator.naturalOrder()))).forEach(entry -> symbols.add(entry.getKey()));
        return new VerbVocabulary("the annotations", symbols);
    }

    /**
     * Reads what {@link #write} wrote: a JSON list of symbols in their order.
     *
     * @throws KinemaException if it cannot be read, has a symbol twice, or does not begin with the special ones
     */
    public static VerbVocabulary read(Path file) {
        return new VerbVocabulary(file.toString(), readSymbols(file));
    }

    /** A JSON list of texts. */
    private static List<String> readSymbols(Path file) {
        List<String> symbols = new ArrayList<>();
        JsonRecords.read(file, Strictness.STRICT, element -> {
            if (!element.value().isJsonPrimitive() || !element.value().getAsJsonPrimitive().isString()) {
                throw new KinemaException(file + ", symbol " + element.number() + ": is no text: " + JsonRecords.REMEDY);
            }
            symbols.add(element.value().getAsString());
        });
        return symbols;
    }

    /**
     * Reads the release's {@code verb_id_vocab.pkl}, a pickled dictionary of fairseq's, as data: nothing in it is executed.
     *
     * @throws KinemaException if it holds anything else
     */
    public static VerbVocabulary readPickle(Path file) {
        try (PickleFile pickle = PickleFile.open(file, Set.of(DICTIONARY))) {
            if (!(pickle.root() instanceof PickledObject dictionary) || !(dictionary.attribute("symbols") instanceof List<?> listed)) {
                throw new KinemaException(file + ": holds no dictionary of fairseq's: name the release's verb_id_vocab.pkl");
            }
            List<String> symbols = new ArrayList<>();
            for (Object symbol : listed) {
                if (!(symbol instanceof String text)) {
                    throw new KinemaException(file + ": symbol " + symbols.size() + " is no text: fetch the file again");
                }
                symbols.add(text);
            }
            VerbVocabulary vocabulary = new VerbVocabulary(file.toString(), symbols);
            vocabulary.requireIndices(file, dictionary.attribute("indices"));
            return vocabulary;
        }
    }

    private void requireIndices(Path file, Object stored) {
        if (!(stored instanceof Map<?, ?> map) || map.size() != symbols.size()) {
            throw new KinemaException(file + ": its indices are not as many as its " + symbols.size() + " symbols: fetch the file again");
        }
        for (int i = 0; i < symbols.size(); i++) {
            if (!Long.valueOf(i).equals(map.get(symbols.get(i)))) {
                throw new KinemaException(file + ": the index of " + Quoted.of(symbols.get(i)) + " is " + map.get(symbols.get(i))
                    + ", but it is symbol " + i + ": fetch the file again");
            }
        }
    }

    /** Writes a JSON list of the symbols. */
    public void write(Path file) {
        writeSymbols(file, symbols, Map.of());
    }

    /** A JSON list of texts, then an object of {@code more} where there are any. */
    static void writeSymbols(Path file, List<String> symbols, Map<String, String> more) {
        StringWriter text = new StringWriter();
        try (JsonWriter out = new JsonWriter(text)) {
            out.setIndent(" ");
            out.beginArray();
            for (String symbol : symbols) {
                out.value(symbol);
            }
            if (!more.isEmpty()) {
                out.beginObject();
                for (Map.Entry<String, String> entry : more.entrySet()) {
                    out.name(entry.getKey()).value(entry.getValue());
                }
                out.endObject();
            }
            out.endArray();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        AtomicFile.writeText(file, text + "\n");
    }

    /** All symbols, in the order of their numbers. */
    public List<String> symbols() {
        return symbols;
    }

    /** The verb senses: all but the special symbols. */
    public List<String> verbs() {
        return symbols.subList(SPECIALS.size(), symbols.size());
    }

    /** Number of symbols, and of a classifier's outputs. */
    public int size() {
        return symbols.size();
    }

    /** The symbol of a number. */
    public String symbol(int index) {
        return symbols.get(index);
    }

    /** The number of a verb sense; {@link #UNKNOWN} where it has none. */
    public int index(String verb) {
        return indices.getOrDefault(verb, UNKNOWN);
    }

    /** Whether a verb sense has a number of its own. */
    public boolean contains(String verb) {
        return indices.containsKey(verb);
    }
}
