package dev.kinema.finetune;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.kinema.KinemaException;
import dev.kinema.checkpoint.Safetensors;
import dev.kinema.device.Compilation;
import dev.kinema.device.Device;
import dev.kinema.device.HostArray;
import dev.kinema.device.RefillingDevice;
import dev.kinema.embed.BackboneWeights;
import dev.kinema.run.Environment;
import dev.kinema.run.LoopSettings;
import dev.kinema.run.Metrics;
import dev.kinema.run.Progress;
import dev.kinema.run.RunFolder;
import dev.kinema.run.TrainingLoop;
import dev.kinema.task.vidsitu.Scoring;
import dev.kinema.task.vidsitu.Situation;
import dev.kinema.task.vidsitu.Split;
import dev.kinema.task.vidsitu.VerbPrediction;
import dev.kinema.task.vidsitu.VidSituDataset;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Verbs from pixels: that they are learned, that an interruption changes nothing, and what happens to clips that cannot be decoded. */
class VerbNetworkTest {
    private static final long SEED = 3;

    @TempDir
    private Path folder;

    private final List<String> notes = new ArrayList<>();

    private VerbNetwork network(Device device, VidSituDataset dataset, VerbsConfig config, Map<String, HostArray> start) {
        return new VerbNetwork(device, Compilation.FP32, config, SmallEvents.backbone(), dataset.verbs(), SmallEvents.pictures(dataset),
            dataset.situations(Split.TRAIN), start, SEED, notes::add);
    }

    private static double accuracy(List<Situation> clips, List<VerbPrediction> predictions) {
        int right = 0;
        for (int i = 0; i < clips.size(); i++) {
            assertEquals(clips.get(i).index(), predictions.get(i).index());
            for (int e = 0; e < 5; e++) {
                String verb = clips.get(i).annotations().get(0).events().get(e).verbId();
                right += predictions.get(i).verbs().get(e).get(0).equals(verb) ? 1 : 0;
            }
        }
        return right / (5.0 * clips.size());
    }

    @Test
    void eightClipsAreLearnedByHeart() {
        VidSituDataset dataset = SmallEvents.dataset(folder, 8, 1);
        List<Situation> clips = dataset.situations(Split.TRAIN);
        try (Device device = Device.open("cpu");
                VerbNetwork network = network(device, dataset, SmallEvents.verbs(1, 8, 0, 0.01), Map.of())) {
            assertTrue(accuracy(clips, network.predict(clips)) < 0.5);
            Map<String, Double> said = Map.of();
            for (int step = 0; step < 150; step++) {
                said = network.train(step, 0.01);
            }
            assertEquals(1, said.get("top1"));
            List<VerbPrediction> predictions = network.predict(clips);
            assertEquals(1, accuracy(clips, predictions));
            List<Double> scores = predictions.get(0).scores().get(0);
            assertEquals(5, scores.size());
            for (int k = 1; k < scores.size(); k++) {
                assertTrue(scores.get(k) <= scores.get(k - 1));
            }

            network.export(folder, 150);
            BackboneWeights written = BackboneWeights.read(folder.resolve(VerbNetwork.EXPORT));
            assertEquals(SmallEvents.backbone(), written.config());
            assertFalse(written.isRandom());
            assertTrue(written.origin().contains("fine-tuned"), written.origin());
            String name = "s1.pathway0_stem.bn.running_mean";
            assertArrayEquals(network.weights().get("backbone." + name).toDoubles(), written.tensors().get(name).toDoubles(), 0);
            try (VerbNetwork further = network(device, dataset, SmallEvents.verbs(1, 8, 0, 0.01), written.tensors())) {
                assertArrayEquals(written.tensors().get(name).toDoubles(), further.weights().get("backbone." + name).toDoubles(), 0);
            }
        }
    }

    /** A clip's answer does not depend on what it is computed with; of equal probabilities the first of the vocabulary wins. */
    @Test
    void predictionsAreOfOneClipEach() {
        VidSituDataset dataset = SmallEvents.dataset(folder, 3, 3);
        List<Situation> clips = dataset.situations(Split.VALID);
        try (Device device = Device.open("cpu");
                VerbNetwork network = network(device, dataset, SmallEvents.verbs(1, 2, 0, 0.01), Map.of())) {
            network.train(0, 0.01);
            List<VerbPrediction> together = network.predict(clips);
            for (int i = 0; i < clips.size(); i++) {
                assertEquals(together.get(i), network.predict(clips.subList(i, i + 1)).get(0), "clip " + i);
            }
            assertNotEquals(together.get(0).scores(), together.get(1).scores());
            for (String name : List.of("verb.2.weight", "verb.2.bias")) {
                network.weights().put(name, HostArray.allocate(network.weights().type(name).dtype(), network.weights().type(name).shape()));
            }
            VerbPrediction tied = network.predict(clips.subList(0, 1)).get(0);
            assertEquals(dataset.verbs().symbols().subList(0, 5), tied.verbs().get(3));
        }
    }

    /** With all first parts on the device before their steps, and with none. */
    @Test
    void partsThatAreTakenAheadAreTrainedOnWithTheSameBits() {
        VidSituDataset dataset = SmallEvents.dataset(folder, 9, 1);
        Map<Integer, Map<String, double[]>> results = new LinkedHashMap<>();
        int steps = 4;
        for (int ahead : new int[] {0, 2 * steps - 1}) {
            RefillingDevice refilling = new RefillingDevice(Device.open("cpu", 1), ahead);
            Map<String, double[]> after = new LinkedHashMap<>();
            try (Device device = refilling; VerbNetwork network = network(device, dataset, SmallEvents.verbs(2, 4, 2, 0.01), Map.of())) {
                for (int step = 0; step < steps; step++) {
                    after.put("step " + step, new double[] {network.train(step, 0.01).get(Metrics.LOSS)});
                }
                network.weights().names().forEach(name -> after.put(name, network.weights().get(name).toDoubles()));
                after.put("position", network.position().toString().chars().asDoubleStream().toArray());
            }
            // for each part's frames and labels, or for the first one's alone
            assertEquals(2 * (ahead == 0 ? 2 * steps : 1), refilling.asked());
            results.put(ahead, after);
        }
        Map<String, double[]> expected = results.get(0);
        expected.forEach((what, values) -> assertArrayEquals(values, results.get(2 * steps - 1).get(what), what));
    }

    @Test
    void interruptedRunsEndAsThoseThatWereNot() {
        VidSituDataset dataset = SmallEvents.dataset(folder.resolve("data"), 9, 2);
        Path whole = folder.resolve("whole");
        Path stopped = folder.resolve("stopped");
        byte[] expected = train(dataset, whole, -1);
        for (long stop : new long[] {1, 3}) {
            assertThrows(KinemaException.class, () -> train(dataset, stopped, stop));
            assertTrue(Thread.interrupted());
        }
        assertArrayEquals(expected, train(dataset, stopped, -1));
    }

    /** Two epochs of two steps of two parts. @return the last checkpoint's tensors */
    private byte[] train(VidSituDataset dataset, Path where, long stop) {
        VerbsConfig config = SmallEvents.verbs(2, 4, 2, 0.01);
        List<Situation> valid = dataset.situations(Split.VALID);
        Progress progress = new Progress() {
            @Override
            public void step(long done, long steps, Metrics metrics, double rate, double secondsLeft) {
                assertEquals(4, steps);
                assertEquals(done % 2 == 0, metrics.values().containsKey("valid_acc_1"));
                if (done == stop) {
                    Thread.currentThread().interrupt();
                }
            }

            @Override
            public void note(String message) {
                notes.add(message);
            }
        };
        try (Device device = Device.open("cpu"); RunFolder run = RunFolder.open(where, "verbs", Environment.here("cpu", 1, List.of()))) {
            TrainingLoop.Outcome outcome = TrainingLoop.run(checked -> new TaskTraining<>(network(device, dataset, config, Map.of()),
                TaskForm.VERBS, config.tuning(), new Scoring(Split.VALID, valid), valid,
                new BestEpoch(where.resolve("best.safetensors"))), run, new LoopSettings(1, 0, 2, 1), progress);
            return tensors(outcome.checkpoint());
        }
    }

    private static byte[] tensors(Path checkpoint) {
        StringBuilder text = new StringBuilder();
        try (Safetensors file = Safetensors.open(checkpoint)) {
            file.names().stream().sorted().forEach(name ->
                text.append(name).append(Arrays.toString(file.read(name).toDoubles())).append('\n'));
        }
        return text.toString().getBytes(StandardCharsets.UTF_8);
    }

    @Test
    void clipsThatCannotBeDecodedAreNamed() throws IOException {
        VidSituDataset dataset = SmallEvents.dataset(folder, 6, 2);
        List<Situation> train = dataset.situations(Split.TRAIN);
        List<Situation> valid = dataset.situations(Split.VALID);
        Path broken = dataset.media(train.get(2).clip()).orElseThrow().path();
        Files.writeString(broken, "no film");
        Path brokenToo = dataset.media(valid.get(1).clip()).orElseThrow().path();
        Files.writeString(brokenToo, "no film");
        try (Device device = Device.open("cpu");
                VerbNetwork network = network(device, dataset, SmallEvents.verbs(1, 2, 0, 0.01), Map.of())) {
            double failed = 0;
            for (int step = 0; step < 3; step++) {
                failed = network.train(step, 0.01).get("failed_films");
            }
            assertEquals(1, failed);
            assertEquals(1, notes.size(), notes::toString);
            assertTrue(notes.get(0).contains(train.get(2).clip().id()), notes::toString);
            Map<String, String> position = network.position();
            assertTrue(position.get("failed_films").contains(train.get(2).clip().id()), position::toString);

            for (List<Situation> asked : List.of(valid, valid.subList(1, 2))) {
                KinemaException e = assertThrows(KinemaException.class, () -> network.predict(asked));
                assertTrue(e.getMessage().contains(valid.get(1).clip().id()) && e.getMessage().contains("leave_out"), e::getMessage);
            }
            Files.delete(brokenToo);
            KinemaException gone = assertThrows(KinemaException.class, () -> network.predict(valid));
            assertTrue(gone.getMessage().contains(valid.get(1).clip().id()), gone::getMessage);

            Files.delete(broken);
            try (VerbNetwork fewer = network(device, dataset, SmallEvents.verbs(1, 2, 0, 0.01), Map.of())) {
                assertEquals(2, fewer.stepsPerEpoch());
                assertTrue(notes.get(1).contains(train.get(2).clip().id()), notes::toString);
                assertThrows(KinemaException.class, () -> fewer.restore(position), "there are other clips than when it began");
            }
        }
        KinemaException e = assertThrows(KinemaException.class, () -> {
            try (Device device = Device.open("cpu")) {
                network(device, dataset, SmallEvents.verbs(1, 6, 0, 0.01), Map.of()).close();
            }
        });
        assertTrue(e.getMessage().contains("5 clips"), e::getMessage);
    }
}
