package dev.kinema.checkpoint;

import dev.kinema.device.HostArray;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * Weights read from a file, those of backbones under PySlowFast's names.
 *
 * @param path the file
 * @param container how the file is built
 * @param naming whose names it uses
 * @param epoch index of the last finished epoch, from 0; empty where the file does not say
 * @param config the training configuration as YAML text, as PySlowFast stores it; empty where there is none
 * @param metadata free text pairs of a safetensors file; else empty
 * @param tensors name to array, in file order and with the file's element types
 * @param ignored entries left out, by the name they have in the file, each with the reason
 */
public record ImportedCheckpoint(Path path, Container container, Naming naming, OptionalLong epoch, Optional<String> config,
        Map<String, String> metadata, Map<String, HostArray> tensors, Map<String, String> ignored) {
    /** How a file is built. */
    public enum Container {
        /** torch.save since PyTorch 1.6. */
        TORCH_ZIP,
        /** torch.save before PyTorch 1.6. */
        TORCH_LEGACY,
        /** A plain pickle of NumPy arrays. */
        PICKLE,
        SAFETENSORS
    }

    /** Whose parameter names a file uses. */
    public enum Naming {
        /** PySlowFast's; also any names that belong to none of the others: they are kept. */
        PYSLOWFAST,
        /** PySlowFast's contrastive pretraining: the same names below {@code backbone.}. */
        PYSLOWFAST_CONTRASTIVE,
        PYTORCHVIDEO,
        CAFFE2,
        /** A language model's, as Hugging Face's transformers stores GPT-2: they are kept. */
        GPT2
    }

    /** One line on what was found. */
    public String summary() {
        return path + ": " + container + " with " + naming + " names, " + tensors.size() + " tensors"
                + (epoch.isPresent() ? ", epoch " + epoch.getAsLong() : "")
                + (ignored.isEmpty() ? "" : ", " + ignored.size() + " entries ignored");
    }
}
