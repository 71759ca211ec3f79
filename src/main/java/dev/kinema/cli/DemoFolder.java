package dev.kinema.cli;

import java.nio.file.Path;

/** Where the files of a demo lie. */
record DemoFolder(Path path) {
    private static final String WEIGHTS = "weights.safetensors";

    /** Of the training, and what {@code kinema pretrain} goes on with. */
    Path run() {
        return path.resolve("run");
    }

    Path backbone() {
        return run().resolve("backbone");
    }

    Path backboneWeights() {
        return backbone().resolve(WEIGHTS);
    }

    Path contextualizer() {
        return run().resolve("contextualizer");
    }

    Path contextualizerWeights() {
        return contextualizer().resolve(WEIGHTS);
    }

    /** Random weights, to compare with. */
    Path random() {
        return path.resolve("random.safetensors");
    }

    Path settings() {
        return path.resolve("pretrain.yaml");
    }

    Path heldOut() {
        return path.resolve("held-out");
    }

    Path film() {
        return path.resolve("film.mp4");
    }

    Path filmPage() {
        return path.resolve("film.html");
    }

    Path page() {
        return path.resolve("demo.html");
    }
}
