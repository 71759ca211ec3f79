package dev.kinema.run;

import dev.kinema.KinemaException;
import dev.kinema.checkpoint.Safetensors;
import dev.kinema.device.HostArray;
import dev.kinema.device.Weights;
import dev.kinema.graph.Type;
import java.io.IOException;
import java.nio.DoubleBuffer;
import java.nio.FloatBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import java.util.zip.CRC32C;

/**
 * The checkpoints of a run: {@code step-000001234.safetensors} holds the state after 1234 steps, the variables by their names, further
 * tensors under {@value #EXTRA}. A file appears whole or not at all; older ones go once a newer one is on disk.
 *
 * <p>Variables pass through host memory one at a time: saving needs as much as the largest one takes, beside what the garbage collector
 * has not yet freed.
 */
public final class Checkpoints {
    /** What the names of further tensors begin with in a file. */
    public static final String EXTRA = "extra/";

    /** CRC-32C of all tensors, in the order that {@link #ORDER} names. */
    private static final String CHECKSUM = "run.crc32c";
    private static final String ORDER = "run.tensors";
    private static final Pattern NAME = Pattern.compile("step-(\\d{9,18})\\.safetensors");

    private final Path folder;
    private final int keep;

    /**
     * @param folder one that exists
     * @param keep how many of the latest stay on disk
     */
    Checkpoints(Path folder, int keep) {
        this.folder = folder;
        this.keep = keep;
    }

    /**
     * The file of the latest step, whether or not it can be read; empty where there is none. Its tensors are read with
     * {@link Safetensors}, by the names of the variables.
     *
     * @param folder that of the checkpoints
     * @throws KinemaException if the folder cannot be read
     */
    public static Optional<Path> latest(Path folder) {
        List<Path> files = files(folder);
        return files.isEmpty() ? Optional.empty() : Optional.of(files.get(files.size() - 1));
    }

    /**
     * Saves, and removes what is then older than the last few.
     *
     * @throws NonFiniteVariable if a variable is not finite; nothing is written then
     * @throws KinemaException if the disk refuses; the checkpoints are then as they were
     */
    Path save(Training training, RunState state) {
        Weights weights = training.weights();
        Map<String, HostArray> extras = training.extras();
        Map<String, Type> types = new LinkedHashMap<>();
        CRC32C checksum = new CRC32C();
        for (String name : weights.names()) {
            if (name.startsWith(EXTRA)) {
                throw new IllegalArgumentException("a variable cannot be named '" + name + "', as further tensors are");
            }
            // the type as the device hands it out, which for the reference is F64 where the graph says F32
            HostArray array = weights.get(name);
            requireFinite(name, array);
            types.put(name, array.type());
            checksum.update(array.buffer());
        }
        extras.forEach((name, array) -> {
            types.put(EXTRA + name, array.type());
            checksum.update(array.buffer());
        });
        Map<String, String> metadata = state.toMetadata();
        metadata.put(CHECKSUM, Long.toHexString(checksum.getValue()));
        metadata.put(ORDER, String.join("\n", types.keySet()));
        Path file = folder.resolve(String.format(Locale.ROOT, "step-%09d.safetensors", state.step()));
        Safetensors.write(file, types,
            name -> name.startsWith(EXTRA) ? extras.get(name.substring(EXTRA.length())) : weights.get(name), metadata);
        List<Path> files = files(folder);
        files.subList(0, Math.max(0, files.size() - keep)).forEach(Checkpoints::remove);
        return file;
    }

    private static void requireFinite(String name, HostArray array) {
        switch (array.dtype()) {
            case F32 -> {
                FloatBuffer values = array.buffer().asFloatBuffer();
                while (values.hasRemaining()) {
                    requireFinite(name, values.get());
                }
            }
            case F64 -> {
                DoubleBuffer values = array.buffer().asDoubleBuffer();
                while (values.hasRemaining()) {
                    requireFinite(name, values.get());
                }
            }
            case BF16, F16 -> {
                for (int i = 0; i < array.elements(); i++) {
                    requireFinite(name, array.get(i));
                }
            }
            case I64, I32, I16, I8, U8, BOOL -> { }
        }
    }

    private static void requireFinite(String name, double value) {
        if (!Double.isFinite(value)) {
            throw new NonFiniteVariable(name, value);
        }
    }

    /**
     * The checkpoint to go on from: the latest that is whole. Later ones that are not are set aside under another name, and reported.
     * What a killed run left half written is removed.
     *
     * @throws KinemaException if there are checkpoints and none is whole: to begin anew is not ours to decide
     */
    Optional<Path> newest(Consumer<String> note) {
        removeUnfinished();
        Map<Path, KinemaException> damaged = new LinkedHashMap<>();
        List<Path> files = files(folder);
        for (int i = files.size() - 1; i >= 0; i--) {
            Optional<KinemaException> damage = damage(files.get(i));
            if (damage.isEmpty()) {
                damaged.forEach((file, why) -> setAside(file, why, note));
                return Optional.of(files.get(i));
            }
            damaged.put(files.get(i), damage.get());
        }
        if (!damaged.isEmpty()) {
            KinemaException why = damaged.values().iterator().next();
            throw new KinemaException("none of the " + damaged.size() + " checkpoints in '" + folder + "' can be read, the latest because "
                + why.getMessage() + "; put one back from a copy, or remove them all to begin anew", why);
        }
        return Optional.empty();
    }

    private static Optional<KinemaException> damage(Path file) {
        try (Safetensors open = Safetensors.open(file)) {
            if (!RunState.isPresent(open.metadata())) {
                return Optional.of(new KinemaException(file + ": is no checkpoint of a run: remove it"));
            }
            CRC32C checksum = new CRC32C();
            for (String name : open.metadata().getOrDefault(ORDER, "").split("\n")) {
                checksum.update(open.read(name).buffer());
            }
            String found = Long.toHexString(checksum.getValue());
            return found.equals(open.metadata().get(CHECKSUM)) ? Optional.empty() : Optional.of(new KinemaException(file
                + ": its checksum is " + found + " instead of " + open.metadata().get(CHECKSUM) + ": its numbers have changed on the disk"));
        } catch (KinemaException e) {
            if (Thread.currentThread().isInterrupted()) {
                // a file channel closes itself in an interrupted thread: that says nothing of the file
                throw e;
            }
            return Optional.of(e);
        }
    }

    private static void setAside(Path file, KinemaException why, Consumer<String> note) {
        Path aside = file.resolveSibling(file.getFileName() + ".damaged");
        try {
            Files.deleteIfExists(aside);
            Files.move(file, aside);
        } catch (IOException e) {
            throw new KinemaException("the damaged checkpoint '" + file + "' cannot be renamed (" + e.getMessage()
                + "): remove it by hand", e);
        }
        note.accept("a damaged checkpoint is passed over and kept as '" + aside.getFileName() + "': " + why.getMessage());
    }

    /**
     * Puts everything back into a training.
     *
     * @return where it stands
     * @throws KinemaException if the file does not hold exactly the training's variables, each as it is typed there
     */
    static RunState restore(Path path, Training training) {
        try (Safetensors file = Safetensors.open(path)) {
            RunState state = RunState.of(path, file.metadata());
            Weights weights = training.weights();
            requireSame(file, path, weights);
            weights.names().forEach(name -> weights.put(name, file.read(name)));
            Map<String, HostArray> extras = new LinkedHashMap<>();
            file.names().stream().filter(name -> name.startsWith(EXTRA))
                .forEach(name -> extras.put(name.substring(EXTRA.length()), file.read(name)));
            training.restoreExtras(extras);
            training.restore(state.position());
            return state;
        }
    }

    private static void requireSame(Safetensors file, Path path, Weights weights) {
        Set<String> missing = new LinkedHashSet<>(weights.names());
        missing.removeAll(file.names());
        Set<String> left = new LinkedHashSet<>(file.names());
        left.removeIf(name -> name.startsWith(EXTRA) || weights.has(name));
        if (!missing.isEmpty() || !left.isEmpty()) {
            throw new KinemaException(path + ": is of another training: it lacks " + some(missing) + " and has " + some(left)
                + " besides: go on with the settings and the version that it was made with, or choose another run folder");
        }
        for (String name : weights.names()) {
            Type here = weights.get(name).type();
            Type there = new Type(file.dtype(name), file.shape(name));
            if (!here.equals(there)) {
                throw new KinemaException(path + ": '" + name + "' is " + there + " in it and " + here + " in this training: "
                    + "go on with the settings and the device that it was made with, or choose another run folder");
            }
        }
    }

    private static String some(Set<String> names) {
        return names.isEmpty() ? "nothing" : names.size() + " variables (first '" + names.iterator().next() + "')";
    }

    /** In order of their steps. */
    private static List<Path> files(Path folder) {
        if (!Files.isDirectory(folder)) {
            return List.of();
        }
        try (Stream<Path> all = Files.list(folder)) {
            List<Path> files = new ArrayList<>(all.filter(file -> NAME.matcher(file.getFileName().toString()).matches()).toList());
            files.sort(Comparator.comparingLong(Checkpoints::stepOf));
            return files;
        } catch (IOException e) {
            throw new KinemaException("the folder '" + folder + "' cannot be read (" + e.getMessage() + "): check its permissions", e);
        }
    }

    private static long stepOf(Path file) {
        Matcher name = NAME.matcher(file.getFileName().toString());
        if (!name.matches()) {
            throw new IllegalArgumentException(file + " is not named as a checkpoint");
        }
        return Long.parseLong(name.group(1));
    }

    /** Whoever holds the run folder's lock is the only one who writes here. */
    private void removeUnfinished() {
        List<Path> parts;
        try (Stream<Path> all = Files.list(folder)) {
            parts = all.filter(file -> file.getFileName().toString().matches("\\.kinema-[0-9a-f]{16}\\.part")).toList();
        } catch (IOException e) {
            throw new KinemaException("the folder '" + folder + "' cannot be read (" + e.getMessage() + "): check its permissions", e);
        }
        parts.forEach(Checkpoints::remove);
    }

    private static void remove(Path file) {
        try {
            Files.deleteIfExists(file);
        } catch (IOException e) {
            throw new KinemaException("'" + file + "' cannot be removed (" + e.getMessage() + "): remove it by hand", e);
        }
    }
}
