package dev.kinema.embed;

import dev.kinema.checkpoint.Safetensors;
import dev.kinema.device.HostArray;
import dev.kinema.graph.DType;
import dev.kinema.graph.Philox;
import dev.kinema.graph.Shape;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;

/** A small GPT-2 by the names and shapes of Hugging Face's transformers, where the weights of linear layers are [inputs, outputs]. */
public record SmallGpt2(int tokens, int positions, int width, int layers, int inner) {
    private static final long SEED = 17;

    /** Without a prefix, in the order of the network. */
    public Map<String, Shape> shapes() {
        Map<String, Shape> shapes = new LinkedHashMap<>();
        shapes.put("wte.weight", Shape.of(tokens, width));
        shapes.put("wpe.weight", Shape.of(positions, width));
        for (int l = 0; l < layers; l++) {
            String h = "h." + l + ".";
            norm(shapes, h + "ln_1");
            linear(shapes, h + "attn.c_attn", width, 3 * width);
            linear(shapes, h + "attn.c_proj", width, width);
            norm(shapes, h + "ln_2");
            linear(shapes, h + "mlp.c_fc", width, inner);
            linear(shapes, h + "mlp.c_proj", inner, width);
        }
        norm(shapes, "ln_f");
        return shapes;
    }

    private void norm(Map<String, Shape> shapes, String name) {
        shapes.put(name + ".weight", Shape.of(width));
        shapes.put(name + ".bias", Shape.of(width));
    }

    private static void linear(Map<String, Shape> shapes, String name, int inputs, int outputs) {
        shapes.put(name + ".weight", Shape.of(inputs, outputs));
        shapes.put(name + ".bias", Shape.of(outputs));
    }

    /** Random weights that keep all parts at a similar size; biases and norms differ from where they start, so that each counts. */
    public Map<String, HostArray> drawn() {
        Map<String, HostArray> tensors = new LinkedHashMap<>();
        shapes().forEach((name, shape) -> {
            boolean norm = name.contains("ln_");
            boolean table = name.startsWith("w");
            double mean = norm && name.endsWith("weight") ? 1 : 0;
            tensors.put(name, drawn(name, mean, table ? 0.3 : norm || name.endsWith("bias") ? 0.2 : 0.1, shape));
        });
        return tensors;
    }

    static HostArray drawn(String name, double mean, double std, Shape shape) {
        HostArray array = HostArray.allocate(DType.F32, shape);
        Philox random = Philox.named(SEED, name);
        for (int i = 0; i < array.elements(); i++) {
            array.set(i, mean + std * random.normal(i));
        }
        return array;
    }

    /** Writes random weights as safetensors. */
    public void write(Path file) {
        Safetensors.write(file, drawn(), Map.of("format", "pt"));
    }
}
