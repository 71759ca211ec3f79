package dev.kinema.cli;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.kinema.pretrain.TinyRun;
import dev.kinema.run.StepLog;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A pretraining whose process is killed, again and again, ends with the weights of one that nobody disturbed. */
class KilledRunTest {
    private static final int KILLS = 5;
    private static final int LONGEST_MINUTES = 3;

    @TempDir
    private Path folder;

    private Process start(Path config, Path out) throws IOException {
        List<String> java = new ArrayList<>(List.of(Path.of(System.getProperty("java.home"), "bin", "java").toString(), "-XX:+UseSerialGC",
            "-XX:TieredStopAtLevel=1"));
        ManagementFactory.getRuntimeMXBean().getInputArguments().stream()
            .filter(argument -> argument.startsWith("--") || argument.startsWith("-Dorg.bytedeco.")).forEach(java::add);
        java.add("-Dorg.bytedeco.javacpp.cachedir=" + System.getProperty("org.bytedeco.javacpp.cachedir"));
        java.addAll(List.of("-cp", System.getProperty("surefire.test.class.path", System.getProperty("java.class.path")),
            "dev.kinema.cli.Main", "--verbose", "pretrain", config.toString(), "--out", out.toString()));
        return new ProcessBuilder(java).redirectErrorStream(true)
            .redirectOutput(ProcessBuilder.Redirect.appendTo(folder.resolve("output").toFile())).start();
    }

    /** Lines that both stages have logged so far, those included that a resumed run will write again. */
    private static long progress(Path out) throws IOException {
        long lines = 0;
        for (String stage : List.of("backbone", "contextualizer")) {
            Path log = out.resolve(stage).resolve("log.jsonl");
            if (Files.exists(log)) {
                try (Stream<String> text = Files.lines(log)) {
                    lines += text.count();
                }
            }
        }
        return lines;
    }

    @Test
    void weightsAndLossesAreThoseOfAnUndisturbedRun() throws IOException, InterruptedException {
        Path config = TinyRun.write(folder);
        Path whole = folder.resolve("whole");
        Path killed = folder.resolve("killed");
        CommandRun.of("pretrain", config, "--out", whole).done();
        int steps = (int) progress(whole);
        assertEquals(45, steps);
        Random random = new Random(20261123);
        int[] moments = random.ints(KILLS, 1, steps).sorted().toArray();
        int kills = 0;
        for (int moment : moments) {
            Process run = start(config, killed);
            long deadline = System.nanoTime() + TimeUnit.MINUTES.toNanos(LONGEST_MINUTES);
            while (run.isAlive() && progress(killed) < moment) {
                assertTrue(System.nanoTime() < deadline, () -> "no progress:\n" + output());
                Thread.sleep(2);
            }
            kills += run.isAlive() ? 1 : 0;
            // SIGKILL: nothing of the process can tidy up
            run.destroyForcibly().waitFor();
        }
        assertTrue(kills >= KILLS - 1, kills + " of the runs were still going when they were killed");
        Process last = start(config, killed);
        assertTrue(last.waitFor(LONGEST_MINUTES, TimeUnit.MINUTES), this::output);
        assertEquals(0, last.exitValue(), this::output);
        for (String stage : List.of("backbone", "contextualizer")) {
            assertArrayEquals(Files.readAllBytes(whole.resolve(stage).resolve("weights.safetensors")),
                Files.readAllBytes(killed.resolve(stage).resolve("weights.safetensors")), stage);
            assertArrayEquals(StepLog.read(whole.resolve(stage).resolve("log.jsonl")).get("loss").values(),
                StepLog.read(killed.resolve(stage).resolve("log.jsonl")).get("loss").values(), stage);
        }
    }

    /** An interrupt signal lets the step end and saves. */
    @Test
    void termSignalSavesAndExits() throws IOException, InterruptedException {
        Path config = TinyRun.write(folder);
        Path text = folder.resolve("long.yaml");
        // checkpoints by time only: what is there after the signal was saved because of it
        Files.writeString(text, Files.readString(config).replace("epochs: 7", "epochs: 20000").replace("every_steps: 3, every_minutes: 0",
            "every_steps: 0, every_minutes: 60"));
        Path out = folder.resolve("long");
        Process run = start(text, out);
        while (run.isAlive() && progress(out) < 5) {
            Thread.sleep(2);
        }
        run.destroy();
        assertTrue(run.waitFor(1, TimeUnit.MINUTES), this::output);
        assertEquals(143, run.exitValue(), this::output);
        List<String> saved = CommandRun.in(out.resolve("backbone/checkpoints"));
        assertEquals(1, saved.size(), this::output);
        assertEquals(String.format("step-%09d.safetensors", progress(out)), saved.get(0));
    }

    private String output() {
        try {
            return Files.readString(folder.resolve("output"));
        } catch (IOException e) {
            return "(no output: " + e + ")";
        }
    }
}
