package dev.kinema.embed;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParseException;
import com.google.gson.JsonParser;
import dev.kinema.KinemaException;
import dev.kinema.model.LanguageModelConfig;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/**
 * What GPT-2's weights do not say of themselves: {@code config.json}, which Hugging Face's transformers (models/gpt2/configuration_gpt2.py)
 * writes beside them. What it says of sizes must be what the weights have.
 *
 * @param place what to name in errors
 * @param heads of attention
 * @param normEpsilon of the layer norms
 * @param sizes those that it says, by its names
 */
record Gpt2Settings(String place, int heads, double normEpsilon, Map<String, Integer> sizes) {
    static final String FILE = "config.json";

    /** Far beyond any: a file that was named so by mistake is not read to its end. */
    private static final long LARGEST = 1 << 20;
    /** GELU in its tanh form has two names there. */
    private static final List<String> ACTIVATIONS = List.of("gelu_new", "gelu_pytorch_tanh");
    /** Switches of other networks, with how they stand in GPT-2. */
    private static final Map<String, Boolean> SWITCHES = new TreeMap<>(Map.of("scale_attn_weights", true,
        "scale_attn_by_inverse_layer_idx", false, "tie_word_embeddings", true, "add_cross_attention", false));

    /** Those of the models that were released, which have this many heads. */
    static Gpt2Settings released(int heads) {
        return new Gpt2Settings("", heads, LanguageModelConfig.GPT2.normEpsilon(), Map.of());
    }

    /**
     * The settings in the folder of these weights; empty where there are none.
     *
     * @throws KinemaException if they cannot be read, or are of another network than GPT-2
     */
    static Optional<Gpt2Settings> beside(Path weights) {
        Path file = weights.resolveSibling(FILE);
        return Files.isRegularFile(file) ? Optional.of(read(file)) : Optional.empty();
    }

    private static Gpt2Settings read(Path file) {
        JsonObject settings = parse(file);
        text(file, settings, "model_type").filter(type -> !type.equals("gpt2")).ifPresent(type -> {
            throw refused(file, "model_type", "'" + type + "'", "it must be gpt2");
        });
        text(file, settings, "activation_function").filter(name -> !ACTIVATIONS.contains(name)).ifPresent(name -> {
            throw refused(file, "activation_function", "'" + name + "'", "GPT-2's is gelu_new");
        });
        SWITCHES.forEach((key, usual) -> value(settings, key).ifPresent(value -> {
            if (!value.toString().equals(usual.toString())) {
                throw refused(file, key, value, "in GPT-2 it is " + usual);
            }
        }));
        Map<String, Integer> sizes = new TreeMap<>();
        for (String key : List.of("vocab_size", "n_embd", "n_layer", "n_inner", "n_positions")) {
            value(settings, key).ifPresent(value -> sizes.put(key, (int) number(file, key, value, true)));
        }
        JsonElement heads = value(settings, "n_head").orElseThrow(() -> refused(file, "n_head", "missing", "say how many heads there are"));
        double epsilon = value(settings, "layer_norm_epsilon").map(value -> number(file, "layer_norm_epsilon", value, false))
            .orElse(LanguageModelConfig.GPT2.normEpsilon());
        return new Gpt2Settings(file.toString(), (int) number(file, "n_head", heads, true), epsilon, sizes);
    }

    private static JsonObject parse(Path file) {
        try {
            if (Files.size(file) <= LARGEST && JsonParser.parseString(Files.readString(file)) instanceof JsonObject settings) {
                return settings;
            }
            throw new KinemaException(file + ": lies beside the weights and is no JSON object of settings: remove it, or get it again");
        } catch (JsonParseException e) {
            throw new KinemaException(file + ": lies beside the weights and is no JSON (" + e.getMessage().lines().findFirst().orElse("")
                + "): remove it, or get it again", e);
        } catch (IOException e) {
            throw new KinemaException(file + ": cannot be read (" + e.getMessage() + "): check its permissions", e);
        }
    }

    /** What stands under a key; empty where that is nothing, or null. */
    private static Optional<JsonElement> value(JsonObject settings, String key) {
        return Optional.ofNullable(settings.get(key)).filter(value -> !value.isJsonNull());
    }

    private static Optional<String> text(Path file, JsonObject settings, String key) {
        return value(settings, key).map(value -> {
            if (!value.isJsonPrimitive() || !value.getAsJsonPrimitive().isString()) {
                throw refused(file, key, value, "it must be a text");
            }
            return value.getAsString();
        });
    }

    private static double number(Path file, String key, JsonElement value, boolean whole) {
        boolean number = value.isJsonPrimitive() && value.getAsJsonPrimitive().isNumber();
        if (!number || whole && value.getAsDouble() != (int) value.getAsDouble()) {
            throw refused(file, key, value, "it must be a " + (whole ? "whole " : "") + "number");
        }
        return value.getAsDouble();
    }

    private static KinemaException refused(Path file, String key, Object value, String remedy) {
        return new KinemaException(file + ": " + key + " is " + value + ": " + remedy + ", name another checkpoint");
    }

    /**
     * Holds what is said here against what the weights have.
     *
     * @throws KinemaException if a size is another one
     */
    void requireFit(LanguageModelFile.Sizes found) {
        Map<String, Integer> has = Map.of("vocab_size", found.tokens(), "n_embd", found.width(), "n_layer", found.layers(),
            "n_inner", found.feedForward(), "n_positions", found.maxLength());
        sizes.forEach((key, size) -> {
            if (!size.equals(has.get(key))) {
                throw new KinemaException("has " + key + " " + has.get(key) + ", and " + place + " says " + size
                    + ": put the weights beside their own " + FILE);
            }
        });
    }
}
