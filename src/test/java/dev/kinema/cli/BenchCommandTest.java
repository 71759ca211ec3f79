package dev.kinema.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.kinema.bench.BenchResult;
import dev.kinema.bench.Samples;
import dev.kinema.bench.Size;
import dev.kinema.bench.Work;
import dev.kinema.device.Precision;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code kinema bench} and {@code kinema bench compare} as they are called. */
class BenchCommandTest {
    @TempDir
    private Path folder;

    @Test
    void measuresWritesAndCompares() throws IOException {
        Path before = folder.resolve("before.json");
        String out = CommandRun.of("bench", "call", "--rounds", 3, "--attempts", 1, "--threads", 1, "--out", before).done().out();
        assertTrue(out.contains("call/one-kernel fp32") && out.contains("call/100-kernels fp32"), out);
        assertTrue(out.contains("measured limits in fp32"), out);
        BenchResult result = BenchResult.read(before);
        assertEquals(3, result.rows().get(0).samples().seconds().size());
        BenchResult.Row chain = result.rows().get(1);
        assertEquals(100 * 2 * 16 * 16, chain.work().flops());
        assertEquals(100, chain.counts().steps());
        assertTrue(chain.samples().median() > result.rows().get(0).samples().median(), "a hundred kernels take longer than one");
        String same = CommandRun.of("bench", "compare", before, before).done().out();
        assertTrue(same.contains("2 of 2 cases did not move"), same);
        Path after = folder.resolve("after.json");
        Files.writeString(after, new BenchResult(result.machine(), result.size(), result.rounds(), result.rooflines(), 0, 0,
            List.of(result.rows().get(0), slower(chain))).toJson());
        CommandRun worse = CommandRun.of("bench", "compare", before, after);
        assertEquals(ExitCode.FAILED, worse.code(), worse.err());
        assertTrue(worse.out().startsWith("worse   call/100-kernels fp32"), worse.out());
        assertTrue(worse.out().contains("1 of 2 cases did not move"), worse.out());
        BenchResult.Machine m = result.machine();
        Path newer = folder.resolve("newer.json");
        Files.writeString(newer, new BenchResult(new BenchResult.Machine(m.kinema(), m.cpu(), m.processors(), m.system(), "Java 99", m.device(),
            m.threads(), m.batch(), m.variables(), m.date()), result.size(), 3, result.rooflines(), 0, 0, result.rows()).toJson());
        String java = CommandRun.of("bench", "compare", before, newer).done().out();
        assertTrue(java.startsWith("the machine itself: its Java was " + m.java() + ", and is Java 99 now"), java);
        String better = CommandRun.of("bench", "compare", after, before).done().out();
        assertTrue(better.startsWith("better  call/100-kernels fp32"), better);
    }

    @Test
    void anUnfinishedResultIsRefusedAndGoneOnWith() throws IOException {
        Path file = folder.resolve("result.json");
        String[] command = {"bench", "call", "--rounds", "1", "--attempts", "1", "--threads", "1", "--out", file.toString()};
        BenchResult whole = done(command, file);
        assertEquals(null, whole.unfinished());
        Files.writeString(file, new BenchResult(whole.machine(), whole.size(), 1, whole.rooflines(), 0, 0, List.of(whole.rows().get(0)),
            List.of(), "call/100-kernels fp32").toJson());
        CommandRun.of("bench", "compare", file, file).failed(ExitCode.FAILED, "ended while it timed call/100-kernels fp32");
        List<String> again = new ArrayList<>(List.of(command));
        again.add("--continue");
        CommandRun gone = CommandRun.of(again.toArray());
        assertEquals(ExitCode.FAILED, gone.code(), "no engine beside it that can have ended the process");
        assertTrue(gone.err().contains("call/100-kernels fp32: the process ended while it was timed"), gone.err());
        assertTrue(gone.out().contains("not timed: call/100-kernels fp32: the process"), gone.out());
        BenchResult result = BenchResult.read(file);
        assertEquals(null, result.unfinished());
        assertEquals(whole.rows().subList(0, 1), result.rows());
        Path before = folder.resolve("before.json");
        Files.writeString(before, whole.toJson());
        CommandRun worse = CommandRun.of("bench", "compare", before, file, "--part");
        assertEquals(ExitCode.FAILED, worse.code());
        assertTrue(worse.out().startsWith("fails now   call/100-kernels fp32"), worse.out());
        CommandRun.of("bench", "call", "--continue").failed(ExitCode.USAGE, "--continue needs the --out");
    }

    private static BenchResult done(String[] command, Path file) {
        CommandRun.of((Object[]) command).done();
        return BenchResult.read(file);
    }

    @Test
    void otherEnginesAreSummedUp() {
        Samples ours = new Samples(List.of(0.001));
        List<BenchResult.PeerRow> slowAndFast = List.of(new BenchResult.PeerRow("slow", new Samples(List.of(0.009)), 9, 0),
            new BenchResult.PeerRow("fast", new Samples(List.of(0.004)), 4, 0));
        List<BenchResult.PeerRow> faster = List.of(new BenchResult.PeerRow("faster", new Samples(List.of(0.00025)), 0.25, 0));
        BenchResult.Machine machine = new BenchResult.Machine("1", "a processor", 1, "Linux", "Java", "cpu", 1, 1, Map.of(), "today");
        BenchResult result = new BenchResult(machine, Size.FULL, 1, Map.of(), null, null, List.of(
            new BenchResult.Row("suite/a", Precision.FP32, ours, new Work(2_000_000, 0, 0.0005), null, 0, slowAndFast),
            new BenchResult.Row("suite/b", null, ours, new Work(0, 0, 0), null, 0, faster)));
        StringWriter out = new StringWriter();
        BenchText text = new BenchText(new PrintWriter(out, true));
        result.rows().forEach(text::print);
        text.printFoot(result);
        List<String> lines = out.toString().lines().toList();
        assertTrue(lines.get(0).matches("suite/a fp32 +1\\.000 ms +0\\.0% +2\\.00 +- +50% +4\\.00x +0"), lines.get(0));
        assertTrue(lines.get(1).matches(" +slow +9\\.000 ms +0\\.0% +0\\.22 +- +- +9\\.00x +0"), lines.get(1));
        assertTrue(out.toString().contains("takes 1.00x (geometric mean of 2), at worst 0.25x; it is faster than ours in 1"), out.toString());
    }

    /** By far more than any noise. */
    private static BenchResult.Row slower(BenchResult.Row row) {
        Samples samples = new Samples(row.samples().seconds().stream().map(s -> 100 * s).toList());
        return new BenchResult.Row(row.name(), row.precision(), samples, row.work(), row.counts(), row.error(), row.peers());
    }

    @Test
    void casesAreListed() {
        String all = CommandRun.of("bench", "--list").done().out();
        assertTrue(all.lines().anyMatch("programs/step-slow-d-cvrl"::equals), all);
        String some = CommandRun.of("bench", "ops", "metrics", "--only", "nea", "--list").done().out();
        assertEquals(List.of("ops/linear-in-2048to1024", "ops/linear-square-1024to1024", "ops/linear-up-1024to2048",
            "metrics/nearest-neighbours"), some.lines().toList());
    }

    @Test
    void wrongWordsAreNamed() {
        CommandRun.of("bench", "nonesuch").failed(ExitCode.USAGE, "no suite nonesuch", "programs, conv");
        CommandRun.of("bench", "call", "--only", "nonesuch").failed(ExitCode.USAGE, "--only nonesuch", "--list");
        CommandRun.of("bench", "call", "--rounds", 0).failed(ExitCode.USAGE, "--rounds");
        CommandRun.of("bench", "compare", "a.json").failed(ExitCode.USAGE, "AFTER.json");
        Path none = folder.resolve("none.json");
        CommandRun.of("bench", "compare", none, none).failed(ExitCode.FAILED, "none.json cannot be read");
    }
}
