package dev.kinema.finetune;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.kinema.KinemaException;
import dev.kinema.checkpoint.Npy;
import dev.kinema.checkpoint.Sha256;
import dev.kinema.data.ClipBatch;
import dev.kinema.data.ClipLoader;
import dev.kinema.data.FeatureStore;
import dev.kinema.device.Device;
import dev.kinema.device.HostArray;
import dev.kinema.device.Precision;
import dev.kinema.embed.BackboneWeights;
import dev.kinema.embed.FeatureExtraction;
import dev.kinema.embed.MovieEncoder;
import dev.kinema.embed.MovieEncoderConfig;
import dev.kinema.embed.PrecisionChoice;
import dev.kinema.graph.DType;
import dev.kinema.graph.Shape;
import dev.kinema.task.vidsitu.Situation;
import dev.kinema.task.vidsitu.Split;
import dev.kinema.task.vidsitu.VidSituDataset;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Events' features: whose they are, what is done again and what is not, and how they are read. */
class BackboneFeaturesTest {
    private static final int CLIPS = 5;

    @TempDir
    private Path folder;

    private VidSituDataset dataset;
    private List<Situation> clips;
    private Path weights;
    private final List<String> notes = new ArrayList<>();

    @BeforeEach
    void make() {
        dataset = SmallEvents.dataset(folder.resolve("data"), CLIPS, 1);
        clips = dataset.situations(Split.TRAIN);
        weights = folder.resolve("backbone.safetensors");
        BackboneWeights.random(SmallEvents.backbone(), 4).write(weights, 4, 0);
    }

    private BackboneFeatures.Result write(Path store, DatasetConfig.Framing framing, int batch) {
        try (Device device = Device.open("cpu")) {
            DatasetConfig settings = SmallEvents.settings(dataset.layout().root(), framing, 1);
            return new BackboneFeatures(device, Precision.FP32, BackboneWeights.read(weights), Sha256.of(weights), dataset, settings)
                .write(store, clips, batch, FeatureExtraction.Watcher.NONE, notes::add);
        }
    }

    private float[] features(Path store, int clip) {
        return features(StoredEventFeatures.open(store, 1 << 20), clip);
    }

    private float[] features(EventFeatures read, int clip) {
        float[] features = new float[5 * read.width()];
        read.copy(clips.get(clip).clip().id(), features, 0);
        return features;
    }

    /** Each event's feature is what the encoder of films gives for the same pictures; batches that are not full change nothing. */
    @Test
    void featuresAreThoseOfTheEventsPictures() {
        Path store = folder.resolve("features");
        BackboneFeatures.Result result = write(store, DatasetConfig.Framing.STRETCHED, 2);
        assertEquals(CLIPS, result.done());
        assertEquals(List.of(), result.missing());
        int width = SmallEvents.backbone().featureWidth();
        EventPictures pictures = SmallEvents.pictures(dataset);
        try (MovieEncoder encoder = MovieEncoder.open(MovieEncoderConfig.of(weights).withPrecision(PrecisionChoice.FP32));
                ClipLoader loader = pictures.evaluation(pictures.films(clips, 0).films(), 1)) {
            for (int clip = 0; clip < CLIPS; clip++) {
                float[] stored = features(store, clip);
                try (ClipBatch batch = loader.next()) {
                    for (int event = 0; event < 5; event++) {
                        ByteBuffer pixels = batch.pixels().duplicate();
                        pixels.position(batch.offset(event, 0, 0)).limit(batch.offset(event, 0, 0) + pixels.limit() / 5);
                        float[] expected = encoder.encode(pixels);
                        float[] row = Arrays.copyOfRange(stored, event * width, (event + 1) * width);
                        // batches of another size may add in another order
                        assertArrayEquals(expected, row, 1e-5f, "clip " + clip + ", event " + event);
                    }
                }
            }
        }
        FeatureStore opened = FeatureStore.open(store);
        assertEquals(2, opened.header().hop());
        assertEquals(8, opened.read(opened.entry(clips.get(0).clip().id()).orElseThrow()).start(4));
        assertEquals(List.of(), opened.verify());
    }

    @Test
    void whatIsDoneIsNotDoneAgainAndOtherFramingIsKeptApart() {
        Path store = folder.resolve("features");
        write(store, DatasetConfig.Framing.STRETCHED, 2);
        float[] stretched = features(store, 1);
        String before = StoredEventFeatures.open(store, 0).fingerprint();
        BackboneFeatures.Result again = write(store, DatasetConfig.Framing.STRETCHED, 3);
        assertEquals(0, again.done());
        assertEquals(CLIPS, again.skipped());
        assertEquals(List.of(), notes);
        assertEquals(before, StoredEventFeatures.open(store, 0).fingerprint());

        BackboneFeatures.Result other = write(store, DatasetConfig.Framing.CENTRE_CROP, 2);
        assertEquals(CLIPS, other.done());
        assertEquals(1, notes.size(), notes::toString);
        assertTrue(notes.get(0).contains("framing"), notes::toString);
        assertNotEquals(stretched[0], features(store, 1)[0]);
        assertArrayEquals(stretched, features(folder.resolve("features.1"), 1), 0);
    }

    /** Also where nothing but what failed before is left to do. */
    @Test
    void failedClipsAreRecordedAndTriedAgain() throws IOException {
        Path store = folder.resolve("features");
        String id = clips.get(2).clip().id();
        Path film = dataset.media(clips.get(2).clip()).orElseThrow().path();
        byte[] whole = Files.readAllBytes(film);
        Files.writeString(film, "no film");
        Path gone = dataset.media(clips.get(4).clip()).orElseThrow().path();
        Files.delete(gone);
        for (int run = 0; run < 2; run++) {
            BackboneFeatures.Result result = write(store, DatasetConfig.Framing.STRETCHED, 2);
            assertEquals(run == 0 ? CLIPS - 2 : 0, result.done());
            assertEquals(1, result.failed().size());
            assertEquals(id, result.failed().get(0).film().id());
            assertEquals(List.of(clips.get(4).clip().id()), result.missing());
        }
        EventFeatures read = StoredEventFeatures.open(store, 1 << 20);
        assertTrue(read.has(clips.get(1).clip().id()));
        assertFalse(read.has(id));
        KinemaException e = assertThrows(KinemaException.class, () -> features(read, 2));
        assertTrue(e.getMessage().contains(id) && e.getMessage().contains("leave_out"), e::getMessage);
        assertTrue(FeatureStore.open(store).failures().get(0).reason().contains(film.toString()));

        Files.write(film, whole);
        assertEquals(1, write(store, DatasetConfig.Framing.STRETCHED, 2).done());
        assertTrue(StoredEventFeatures.open(store, 0).has(id));
    }

    @Test
    void filesOfTheToolkitAreRead() {
        List<HostArray> arrays = new ArrayList<>();
        for (int clip = 0; clip < 3; clip++) {
            HostArray array = HostArray.allocate(clip == 1 ? DType.F64 : DType.F32, Shape.of(5, 4));
            for (int i = 0; i < 20; i++) {
                array.set(i, 100.0 * clip + i);
            }
            arrays.add(array);
            Npy.write(folder.resolve(clips.get(clip).clip().id() + "_feats.npy"), array);
        }
        // room for one clip of 80 bytes
        for (long cache : new long[] {0, 100, 1000}) {
            EventFeatures read = StoredEventFeatures.open(folder, cache);
            assertEquals(4, read.width());
            assertFalse(read.has(clips.get(3).clip().id()));
            for (int clip : new int[] {2, 0, 1, 0, 2}) {
                assertArrayEquals(arrays.get(clip).toFloats(), features(read, clip), 0);
            }
        }
        String before = StoredEventFeatures.open(folder, 0).fingerprint();
        assertEquals(before, StoredEventFeatures.open(folder, 1000).fingerprint());
        Path file = folder.resolve(clips.get(2).clip().id() + "_feats.npy");
        arrays.get(2).set(7, Double.NaN);
        Npy.write(file, arrays.get(2));
        assertNotEquals(before, StoredEventFeatures.open(folder, 0).fingerprint());
        KinemaException broken = assertThrows(KinemaException.class, () -> features(StoredEventFeatures.open(folder, 0), 2));
        assertTrue(broken.getMessage().contains("not finite"), broken::getMessage);
        Npy.write(file, HostArray.allocate(DType.F32, Shape.of(5, 3)));
        KinemaException other = assertThrows(KinemaException.class, () -> {
            EventFeatures read = StoredEventFeatures.open(folder, 0);
            for (int clip = 0; clip < 3; clip++) {
                features(read, clip);
            }
        });
        assertTrue(other.getMessage().contains("_feats.npy"), other::getMessage);
        Path empty = dataset.layout().root();
        assertThrows(KinemaException.class, () -> StoredEventFeatures.open(empty, 0));
        assertThrows(KinemaException.class, () -> StoredEventFeatures.open(folder.resolve("none"), 0));
    }
}
