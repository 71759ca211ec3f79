package dev.kinema.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.kinema.Version;
import dev.kinema.device.cpu.CpuDevice;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.io.Writer;
import java.nio.file.Path;
import java.util.List;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine.Command;

/** The frame around the commands: usage, versions, exit codes, bugs. */
class MainTest {
    @TempDir
    Path folder;

    @Test
    void whatCannotBePrintedIsAFailure() {
        Writer full = new Writer() {
            @Override
            public void write(char[] text, int from, int count) throws IOException {
                throw new IOException("no space left");
            }

            @Override
            public void flush() {}

            @Override
            public void close() {}
        };
        StringWriter err = new StringWriter();
        assertEquals(ExitCode.FAILED, Main.run(new String[] {"devices"}, new PrintWriter(full), new PrintWriter(err)));
        assertTrue(err.toString().contains("standard output"), err.toString());
    }

    @Test
    void versionAndHelpGoToStandardOutput() {
        assertTrue(CommandRun.of("--version").done().out().startsWith("kinema " + Version.CURRENT + " (Java "));
        List<Class<?>> commands = List.of(Main.class.getAnnotation(Command.class).subcommands());
        assertTrue(commands.size() >= 6);
        for (Class<?> type : commands) {
            String command = type.getAnnotation(Command.class).name();
            assertTrue(CommandRun.of("--help").done().out().contains(command));
            assertTrue(CommandRun.of(command, "--version").done().out().startsWith("kinema " + Version.CURRENT));
            assertTrue(CommandRun.of(command, "--help").done().out().contains("Usage: kinema " + command));
        }
    }

    @Test
    void wrongUsageIsOneLine() {
        CommandRun.of().failed(ExitCode.USAGE, "no command was given", "extract, embed, calibrate, vidsitu", "see 'kinema --help'");
        CommandRun.of("embde").failed(ExitCode.USAGE, "there is no command embde", "embed");
        CommandRun.of("embed").failed(ExitCode.USAGE, "--weights", "see 'kinema embed --help'");
        CommandRun.of("embed", "x.mp4", "--weights", "w", "--out", "o", "--hop", "-1").failed(ExitCode.USAGE, "--hop -1");
        CommandRun.of("embed", "x.mp4", "--weights", "w", "--out", "o", "--hop", "0.009").failed(ExitCode.USAGE, "--hop 0.009", "0.01");
        CommandRun.of("embed", "x.mp4", "--weights", "w", "--out", "o", "--hop", "NaN").failed(ExitCode.USAGE, "--hop NaN");
        CommandRun.of("embed", "x.mp4", "--weights", "w", "--out", "o", "--hop", "Infinity").failed(ExitCode.USAGE, "--hop Infinity");
        CommandRun.of("embed", "x.mp4", "--weights", "w", "--out", "o", "--hop", "soon").failed(ExitCode.USAGE, "--hop", "soon");
        CommandRun.of("embed", "x.mp4", "--weights", "w", "--out", "o", "--batch", "0").failed(ExitCode.USAGE, "--batch");
        CommandRun.of("embed", "x.mp4", "--weights", "w", "--out", "o", "--window", "3").failed(ExitCode.USAGE, "--txe");
        CommandRun.of("embed", "x.mp4", "--weights", "w", "--out", "o", "--format", "npz").failed(ExitCode.USAGE, "npz", "NPY");
        CommandRun.of("embed", "x.mp4", "--weights", "w", "--out", "o", "--precision", "fp16").failed(ExitCode.USAGE, "fp16", "BF16");
        CommandRun.of("embed", "x.mp4", "--weights", "w", "--out", "o", "--device", "gpu").failed(ExitCode.USAGE, "gpu", "cpu, ", "cuda:0, reference");
        CommandRun.of("embed", "x.mp4", "--weights", "w", "--out", "o", "--threads", "-2").failed(ExitCode.USAGE, "--threads -2");
        CommandRun.of("import", "x").failed(ExitCode.USAGE, "OUT.safetensors");
        CommandRun.of("import", "x", "y", "--crop", "0").failed(ExitCode.USAGE, "--crop");
        CommandRun.of("forward", "--weights", "w", "--input", "x", "--output", "y", "--pool-kernel", "8x7x7")
            .failed(ExitCode.USAGE, "T,H,W");
        CommandRun.of("init", "--model", "resnet", "--out", "x").failed(ExitCode.USAGE, "resnet", "slow-d");
        CommandRun.of("init", "--model", "slow", "--depth", "51", "--out", "x").failed(ExitCode.USAGE, "51", "152");
        CommandRun.of("init", "--model", "txe", "--depth", "50", "--out", "x").failed(ExitCode.USAGE, "--depth");
        CommandRun.of("init", "--model", "slow", "--window", "5", "--out", "x").failed(ExitCode.USAGE, "--window");
        CommandRun.of("init", "--model", "txe", "--width", "100", "--out", "x").failed(ExitCode.USAGE, "100");
        CommandRun.of("init", "--model", "slow", "--crop", "5000", "--out", "x").failed(ExitCode.USAGE, "crop is 5000", "4096");
        CommandRun.of("init", "--model", "slow", "--width", "0", "--out", "x").failed(ExitCode.USAGE, "a size of 0");
    }

    @Test
    void devicesAreListed() {
        String out = CommandRun.of("devices").done().out();
        assertTrue(out.contains("cpu ") && out.contains("oneDNN") && out.contains("reference "), out);
        String cpu = out.lines().filter(line -> line.startsWith("cpu ")).findFirst().orElseThrow();
        assertEquals(CpuDevice.hasInt8(), cpu.endsWith(" int8"), cpu);
        assertEquals(CpuDevice.hasInt8(), !cpu.contains("no VNNI and so no int8"), cpu);
        // the test's process has no library of kernels, or the emulated one
        assertTrue(out.lines().anyMatch(line -> line.startsWith("cuda:0 ") && line.contains("cannot be opened: ")), out);
    }

    @Test
    void verboseShowsTheStackTrace() {
        CommandRun run = CommandRun.of("forward", "--verbose", "--weights", folder.resolve("none"), "--input", "x", "--output", "y");
        assertEquals(ExitCode.FAILED, run.code());
        assertTrue(run.err().lines().count() > 5 && run.err().contains("at dev.kinema."), run.err());
        assertTrue(run.err().startsWith("kinema: "), run.err());
    }

    @Test
    void bugsSayThatTheyAreBugs() {
        PrintWriter faulty = new PrintWriter(Writer.nullWriter()) {
            @Override
            public PrintWriter printf(String format, Object... args) {
                throw new IllegalStateException("first line\nsecond line");
            }
        };
        StringWriter err = new StringWriter();
        assertEquals(ExitCode.BUG, Main.run(new String[] {"devices"}, faulty, new PrintWriter(err)));
        assertEquals(1, err.toString().lines().count(), err.toString());
        assertTrue(err.toString().contains("bug") && err.toString().contains("first line second line"), err.toString());
    }

    @Test
    void progressShowsRateAndTimeLeft() {
        assertEquals("a.mp4 [======>                 ] 9/35 clips, 1.50 clips/s, 0:17 left",
            ProgressBar.text("a.mp4", 9, OptionalLong.of(35), 6));
        assertEquals("a.mp4 [>                       ] 0/3600 clips", ProgressBar.text("a.mp4", 0, OptionalLong.of(3600), 6));
        assertTrue(ProgressBar.text("a.mp4", 1, OptionalLong.of(3601), 2).endsWith("2:00:00 left"));
        assertEquals("a.mp4 [========================] 4/4 clips, 2.00 clips/s", ProgressBar.text("a.mp4", 4, OptionalLong.of(3), 2));
        assertEquals("a.mp4 4 clips, 2.00 clips/s", ProgressBar.text("a.mp4", 4, OptionalLong.empty(), 2));
        StringWriter err = new StringWriter();
        ProgressBar bar = new ProgressBar(new PrintWriter(err), "a-film-with-a-very-long-name.mp4");
        bar.clips(0, OptionalLong.of(2));
        bar.clips(2, OptionalLong.of(2));
        bar.clear();
        assertTrue(err.toString().startsWith("\ra-film-with-a-very-lo... [>") && err.toString().endsWith(" \r"), err.toString());
    }
}
