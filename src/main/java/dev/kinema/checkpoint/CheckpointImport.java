package dev.kinema.checkpoint;

import dev.kinema.KinemaException;
import dev.kinema.checkpoint.ImportedCheckpoint.Container;
import dev.kinema.checkpoint.ImportedCheckpoint.Naming;
import dev.kinema.device.HostArray;
import dev.kinema.graph.DType;
import dev.kinema.graph.Shape;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.function.UnaryOperator;

/**
 * Reads checkpoints of other software: PySlowFast .pyth (both torch.save formats; supervised and contrastive), PyTorchVideo,
 * PySlowFast's Caffe2 model zoo, plain state dictionaries, and safetensors. The format is told by the content, not by the file's
 * name. Names come out as PySlowFast's; nothing in a file is executed.
 */
public final class CheckpointImport {
    /** Which of the two encoders of a contrastive checkpoint is read. */
    public enum Encoder {
        /** The trained one, {@code backbone.}. */
        QUERY,
        /** Its moving average, {@code backbone_hist.}, which MoCo and BYOL keep. */
        MOMENTUM
    }

    /** Tensors may share storage, but a small file whose tensors all share one must not fill the memory. */
    private static final long MOST_SHARING = 8;
    /** GPT-2's table of tokens, alone or below what the output stands beside. */
    private static final Set<String> GPT2_TOKENS = Set.of("wte.weight", "transformer.wte.weight");

    private final BoundedFile file;
    private final Encoder encoder;
    private final Map<String, StoredTensor> found = new LinkedHashMap<>();
    private final Map<String, String> ignored = new LinkedHashMap<>();
    private OptionalLong epoch = OptionalLong.empty();
    private Optional<String> config = Optional.empty();
    private Map<String, String> metadata = Map.of();

    private CheckpointImport(BoundedFile file, Encoder encoder) {
        this.file = file;
        this.encoder = encoder;
    }

    /** {@link #read(Path, Encoder)} of the query encoder. */
    public static ImportedCheckpoint read(Path path) {
        return read(path, Encoder.QUERY);
    }

    /**
     * Reads a whole checkpoint into memory.
     *
     * @throws KinemaException if the file is of no known format, damaged, names a callable that is not known to be harmless, or
     *     has no encoder of that kind
     */
    public static ImportedCheckpoint read(Path path, Encoder encoder) {
        try (BoundedFile file = BoundedFile.open(path)) {
            return new CheckpointImport(file, encoder).read();
        }
    }

    private ImportedCheckpoint read() {
        byte[] head = file.head(32);
        Container container;
        Naming naming;
        if (TorchFile.matches(head)) {
            // closed with the file, once the tensors were read
            @SuppressWarnings("resource")
            TorchFile torch = TorchFile.open(file);
            container = torch.isZip() ? Container.TORCH_ZIP : Container.TORCH_LEGACY;
            collectTorch(torch.root());
            naming = rename();
        } else if (isSafetensors(head) || isDamagedSafetensors(head)) {
            container = Container.SAFETENSORS;
            collectSafetensors();
            naming = rename();
        } else if (isPickle(head)) {
            container = Container.PICKLE;
            naming = collectPickle(PickleReader.read(new PickleInput(file.whole())));
        } else {
            throw unknown(head);
        }
        return new ImportedCheckpoint(file.path(), container, naming, epoch, config, metadata, load(),
                Collections.unmodifiableMap(ignored));
    }

    private static boolean isSafetensors(byte[] head) {
        return head.length > 8 && head[8] == '{' && head[7] == 0 && head[6] == 0;
    }

    /**
     * Whether the name says safetensors and the content nothing else: its header's reader then says what is wrong. A length may
     * begin as a pickle does, but one that is plausible has zeros where a pickle has its first words.
     */
    private boolean isDamagedSafetensors(byte[] head) {
        boolean pickle = isPickle(head) && head.length > 8 && (head[6] != 0 || head[7] != 0);
        return file.path().toString().endsWith(".safetensors") && !pickle && otherKind(head).isEmpty();
    }

    /** Protocol 2 and later say so; older ones start with a dictionary. */
    private static boolean isPickle(byte[] head) {
        return head.length > 1 && ((head[0] & 0xff) == 0x80 || (head[0] == '(' && (head[1] == 'd' || head[1] == 'i'))
                || head[0] == '}' || head[0] == 'c');
    }

    private KinemaException unknown(byte[] head) {
        String what = otherKind(head).orElseGet(() -> "is no checkpoint (it starts with "
                + Quoted.of(new String(head, 0, Math.min(8, head.length), StandardCharsets.ISO_8859_1)) + ")");
        return file.refused(what + ": name a .pyth, .pth, .pkl or .safetensors file");
    }

    /** What a file is that is often mistaken for a checkpoint. */
    private Optional<String> otherKind(byte[] head) {
        String text = new String(head, StandardCharsets.ISO_8859_1);
        if (file.size() == 0) {
            return Optional.of("is empty");
        } else if (NpyHeader.matches(head)) {
            return Optional.of("is a single .npy array, not a checkpoint");
        } else if (text.startsWith("version https://git-lfs")) {
            return Optional.of("is a Git LFS pointer, not the checkpoint it points to");
        } else if (isMarkup(text)) {
            return Optional.of("is a web page, not a checkpoint: what was downloaded is an error message");
        }
        return Optional.empty();
    }

    /** A length may begin with a &lt; too, but no word or ! follows it there. */
    private static boolean isMarkup(String text) {
        String start = text.stripLeading();
        return start.startsWith("<") && (start.length() == 1 || start.charAt(1) >= ' ');
    }

    private void collectSafetensors() {
        // closed with the file, once the tensors were read
        @SuppressWarnings("resource")
        Safetensors tensors = Safetensors.open(file);
        metadata = Map.copyOf(tensors.metadata());
        for (String name : tensors.names()) {
            found.put(name, new StoredTensor() {
                @Override
                public DType dtype() {
                    return tensors.dtype(name);
                }

                @Override
                public Shape shape() {
                    return tensors.shape(name);
                }

                @Override
                public HostArray read() {
                    return tensors.read(name);
                }
            });
        }
    }

    /** The state is below model_state (PySlowFast), state_dict or model (others), or is the whole object. */
    private void collectTorch(Object root) {
        if (!(root instanceof Map<?, ?> map)) {
            throw file.refused("does not hold a dictionary of weights: save the model's state_dict()");
        }
        String holder = List.of("model_state", "state_dict", "model").stream()
                .filter(k -> map.get(k) instanceof Map<?, ?>).findFirst().orElse(null);
        Map<?, ?> state = holder == null ? map : (Map<?, ?>) map.get(holder);
        if (holder != null) {
            map.forEach((key, value) -> describe(String.valueOf(key), value, holder));
        }
        state.forEach((key, value) -> collect(String.valueOf(key), value, "is no tensor"));
        if (found.isEmpty()) {
            throw file.refused("holds no tensor under model_state, state_dict, model or at its top: save the model's state_dict()");
        }
    }

    private void describe(String key, Object value, String holder) {
        if (key.equals("epoch") && value instanceof Long number) {
            epoch = OptionalLong.of(number);
        } else if (key.equals("cfg") && value instanceof String text) {
            config = Optional.of(text);
        } else if (!key.equals(holder)) {
            ignored.put(key, "is not part of the model");
        }
    }

    private void collect(String name, Object value, String otherwise) {
        if (value instanceof StoredTensor tensor) {
            found.put(name, tensor);
        } else {
            ignored.put(name, otherwise);
        }
    }

    private Naming collectPickle(Object root) {
        if (!(root instanceof Map<?, ?> map) || !(map.get("blobs") instanceof Map<?, ?> blobs)) {
            throw file.refused("is a pickle without the dictionary \"blobs\" of a Caffe2 checkpoint: name one, or a torch.save file");
        }
        map.forEach((key, value) -> describe(String.valueOf(key), value, "blobs"));
        blobs.forEach((key, value) -> {
            String blob = String.valueOf(key);
            if (blob.contains("momentum") || blob.contains("lr") || blob.contains("model_iter")) {
                ignored.put(blob, "is state of the optimizer");
            } else {
                collect(blob, value, "is no array");
            }
        });
        renameBy(ParameterNames::fromCaffe2);
        return Naming.CAFFE2;
    }

    /** Tells whose names these are, and turns them into PySlowFast's. */
    private Naming rename() {
        if (found.keySet().stream().allMatch(n -> n.startsWith("module."))) {
            // left by DistributedDataParallel
            renameBy(n -> n.substring("module.".length()));
        }
        if (found.keySet().stream().anyMatch(n -> n.startsWith("backbone."))) {
            selectEncoder();
            return Naming.PYSLOWFAST_CONTRASTIVE;
        }
        if (encoder == Encoder.MOMENTUM) {
            throw noMomentum();
        }
        if (found.keySet().stream().anyMatch(ParameterNames::isPyTorchVideo)) {
            renameBy(ParameterNames::fromPyTorchVideo);
            return Naming.PYTORCHVIDEO;
        }
        return found.keySet().stream().anyMatch(GPT2_TOKENS::contains) ? Naming.GPT2 : Naming.PYSLOWFAST;
    }

    private void selectEncoder() {
        String prefix = encoder == Encoder.QUERY ? "backbone." : "backbone_hist.";
        Map<String, StoredTensor> all = new LinkedHashMap<>(found);
        found.clear();
        all.forEach((name, tensor) -> {
            String inner = name.startsWith(prefix) ? name.substring(prefix.length()) : null;
            if (inner == null) {
                ignored.put(name, name.startsWith("backbone_hist.") ? "is the momentum encoder"
                        : name.startsWith("backbone.") ? "is the query encoder" : "is state of the contrastive objective");
            } else if (inner.startsWith("head.projection.projection.") || inner.startsWith("head.predictors.")) {
                ignored.put(name, "is the projection head of the contrastive objective");
            } else {
                found.put(inner, tensor);
            }
        });
        if (found.isEmpty()) {
            throw noMomentum();
        }
    }

    private KinemaException noMomentum() {
        return file.refused("has no momentum encoder (no backbone_hist. entries): import the query encoder");
    }

    private void renameBy(UnaryOperator<String> naming) {
        Map<String, StoredTensor> all = new LinkedHashMap<>(found);
        found.clear();
        all.forEach((name, tensor) -> {
            if (found.put(naming.apply(name), tensor) != null) {
                throw file.refused("has two entries for " + Quoted.of(naming.apply(name)) + ", one of them "
                        + Quoted.of(name) + ": remove one");
            }
        });
    }

    private Map<String, HostArray> load() {
        long total = 0;
        for (Map.Entry<String, StoredTensor> e : found.entrySet()) {
            total += ArrayLimits.bytes(e.getValue().dtype(), e.getValue().shape());
            if (total > MOST_SHARING * file.size()) {
                throw file.refused("has tensors that share their storage until they take " + MOST_SHARING
                        + " times the file: clone() them before saving");
            }
        }
        Map<String, HostArray> arrays = new LinkedHashMap<>();
        found.forEach((name, tensor) -> arrays.put(name, tensor.read()));
        return Collections.unmodifiableMap(arrays);
    }
}
