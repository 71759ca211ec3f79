package dev.kinema.finetune;

import dev.kinema.KinemaException;
import dev.kinema.checkpoint.Npy;
import dev.kinema.checkpoint.Sha256;
import dev.kinema.data.FeatureEntry;
import dev.kinema.data.FeatureStore;
import dev.kinema.device.HostArray;
import dev.kinema.graph.Shape;
import dev.kinema.task.vidsitu.Clip;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import java.util.function.Supplier;
import java.util.stream.Stream;

/** Features of events from the disk, as {@link BackboneFeatures} or VidSitu's toolkit wrote them; those used last are kept in memory. */
final class StoredEventFeatures implements EventFeatures {
    /** What the toolkit's files are called after their clips' ids. */
    private static final String ENDING = "_feats.npy";

    private final Path folder;
    private final int width;
    private final Set<String> clips;
    private final Function<String, HostArray> reader;
    private final Supplier<String> digest;
    /** How many clips' features are kept. */
    private final long most;
    private final Map<String, float[]> cache = new LinkedHashMap<>(16, 0.75f, true);
    private String fingerprint;

    private StoredEventFeatures(Path folder, int width, Set<String> clips, Function<String, HostArray> reader, Supplier<String> digest,
            long cacheBytes) {
        this.folder = folder;
        this.width = width;
        this.clips = Set.copyOf(clips);
        this.reader = reader;
        this.digest = digest;
        most = cacheBytes / ((long) Clip.EVENTS * width * Float.BYTES);
    }

    /**
     * Features in a folder: a store, or the toolkit's files.
     *
     * @param cacheBytes of memory for those used last
     * @throws KinemaException if there are none, or they are not of five events a clip
     */
    static StoredEventFeatures open(Path folder, long cacheBytes) {
        return FeatureStore.isIn(folder) ? of(FeatureStore.open(folder), cacheBytes) : ofFiles(folder, cacheBytes);
    }

    /**
     * Features in a store whose films are clips.
     *
     * @throws KinemaException if there are not five of each
     */
    static StoredEventFeatures of(FeatureStore store, long cacheBytes) {
        Set<String> clips = new HashSet<>();
        for (FeatureEntry entry : store.entries()) {
            if (entry.clips() != Clip.EVENTS) {
                throw new KinemaException("the store '" + store.folder() + "' has " + entry.clips() + " features of '" + entry.id()
                    + "', and a clip has " + Clip.EVENTS + " events: name a folder of events' features");
            }
            clips.add(entry.id());
        }
        return new StoredEventFeatures(store.folder(), store.header().width(), clips,
            clip -> store.read(store.entry(clip).orElseThrow()).features(), store::fingerprint, cacheBytes);
    }

    /**
     * Features in the toolkit's files {@code CLIP_feats.npy}, [5, width] each.
     *
     * @throws KinemaException if there is none, or the first is no such array
     */
    static StoredEventFeatures ofFiles(Path folder, long cacheBytes) {
        List<String> names = names(folder);
        if (names.isEmpty()) {
            throw new KinemaException("'" + folder + "' has no features of events: name a feature store, or a folder of CLIP" + ENDING);
        }
        Path first = folder.resolve(names.get(0));
        Shape shape = Npy.read(first).shape();
        if (shape.rank() != 2 || shape.dim(0) != Clip.EVENTS) {
            throw refused(first, shape, "width");
        }
        int width = shape.dim(1);
        Set<String> clips = new HashSet<>();
        names.forEach(name -> clips.add(name.substring(0, name.length() - ENDING.length())));
        return new StoredEventFeatures(folder, width, clips, clip -> {
            Path file = folder.resolve(clip + ENDING);
            HostArray array = Npy.read(file);
            if (!array.shape().equals(Shape.of(Clip.EVENTS, width))) {
                throw refused(file, array.shape(), Integer.toString(width));
            }
            return array;
        }, () -> digest(folder, names), cacheBytes);
    }

    private static KinemaException refused(Path file, Shape shape, String width) {
        return new KinemaException(file + ": holds an array " + shape + ", and features of a clip are [" + Clip.EVENTS + ", " + width
            + "]: extract them again");
    }

    private static List<String> names(Path folder) {
        try (Stream<Path> files = Files.list(folder)) {
            return files.map(file -> file.getFileName().toString()).filter(name -> name.endsWith(ENDING)).sorted().toList();
        } catch (IOException e) {
            throw new KinemaException("the folder of features '" + folder + "' cannot be read (" + e + "): check the path", e);
        }
    }

    private static String digest(Path folder, List<String> names) {
        StringBuilder text = new StringBuilder();
        names.forEach(name -> text.append(name).append(' ').append(Sha256.of(folder.resolve(name))).append('\n'));
        return Sha256.ofText(text.toString());
    }

    @Override
    public int width() {
        return width;
    }

    @Override
    public boolean has(String clip) {
        return clips.contains(clip);
    }

    @Override
    public void copy(String clip, float[] into, int offset) {
        float[] features;
        synchronized (cache) {
            features = cache.get(clip);
        }
        if (features == null) {
            features = read(clip);
            keep(clip, features);
        }
        System.arraycopy(features, 0, into, offset, features.length);
    }

    private float[] read(String clip) {
        if (!has(clip)) {
            throw new KinemaException("'" + folder + "' has no features of clip '" + clip + "': add them, or leave the clip out"
                + " (dataset.leave_out)");
        }
        float[] features = reader.apply(clip).toFloats();
        for (float feature : features) {
            if (!Float.isFinite(feature)) {
                throw new KinemaException("'" + folder + "': the features of clip '" + clip + "' are not finite: extract them again");
            }
        }
        return features;
    }

    private void keep(String clip, float[] features) {
        synchronized (cache) {
            cache.put(clip, features);
            if (cache.size() > most) {
                String oldest = cache.keySet().iterator().next();
                cache.remove(oldest);
            }
        }
    }

    /** Of a store by its checksums; of files by all that is in them, which is read once. */
    @Override
    public synchronized String fingerprint() {
        if (fingerprint == null) {
            fingerprint = digest.get();
        }
        return fingerprint;
    }
}
