package dev.kinema.embed;

import dev.kinema.graph.Shape;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * What Hugging Face's transformers (models/gpt2/modeling_gpt2.py) calls the variables of {@link dev.kinema.model.LanguageModel}. Its linear
 * layers are of the kind Conv1D, which keeps weights as [inputs, outputs].
 */
final class Gpt2Names {
    /** What a model with the output on top puts before every name but the output's. */
    static final String PREFIX = "transformer.";
    static final String TOKENS = "wte.weight";
    static final String POSITIONS = "wpe.weight";
    /** The output, in files that store it: the token table once more. */
    static final String OUTPUT = "lm_head.weight";

    /** The causal mask and the number it masks with, which older files hold for each layer. */
    private static final Pattern BUFFER = Pattern.compile("h\\.\\d+\\.attn\\.(bias|masked_bias)");
    private static final Pattern LAYER = Pattern.compile("decoder\\.layers\\.(\\d+)\\.(.*)");
    private static final Map<String, String> OUTSIDE = Map.of("tokens.weight", TOKENS, "positions.weight", POSITIONS,
        "decoder.norm.weight", "ln_f.weight", "decoder.norm.bias", "ln_f.bias");
    private static final Map<String, String> INSIDE = Map.ofEntries(
        Map.entry("norm1.weight", "ln_1.weight"), Map.entry("norm1.bias", "ln_1.bias"),
        Map.entry("self_attn.in_proj_weight", "attn.c_attn.weight"), Map.entry("self_attn.in_proj_bias", "attn.c_attn.bias"),
        Map.entry("self_attn.out_proj.weight", "attn.c_proj.weight"), Map.entry("self_attn.out_proj.bias", "attn.c_proj.bias"),
        Map.entry("norm2.weight", "ln_2.weight"), Map.entry("norm2.bias", "ln_2.bias"),
        Map.entry("linear1.weight", "mlp.c_fc.weight"), Map.entry("linear1.bias", "mlp.c_fc.bias"),
        Map.entry("linear2.weight", "mlp.c_proj.weight"), Map.entry("linear2.bias", "mlp.c_proj.bias"));

    private Gpt2Names() {}

    /** The name that a variable of the language model's has there. */
    static String of(String variable) {
        Matcher layer = LAYER.matcher(variable);
        String name = layer.matches() ? INSIDE.get(layer.group(2)) : OUTSIDE.get(variable);
        if (name == null) {
            throw new IllegalArgumentException("'" + variable + "' is no variable of a language model");
        }
        return layer.matches() ? "h." + layer.group(1) + "." + name : name;
    }

    /** Whether a tensor of that name there is no weight. */
    static boolean isBuffer(String name) {
        return BUFFER.matcher(name).matches();
    }

    /** Whether the file has the matrix of that name the other way round. */
    static boolean isTransposed(String name, Shape shape) {
        return shape.rank() == 2 && !name.equals(TOKENS) && !name.equals(POSITIONS);
    }

    /** Names and shapes there of these variables. */
    static Map<String, Shape> shapes(Map<String, Shape> variables) {
        Map<String, Shape> shapes = new LinkedHashMap<>();
        variables.forEach((variable, shape) -> {
            String name = of(variable);
            shapes.put(name, isTransposed(name, shape) ? Shape.of(shape.dim(1), shape.dim(0)) : shape);
        });
        return shapes;
    }
}
