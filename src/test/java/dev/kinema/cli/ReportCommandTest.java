package dev.kinema.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ReportCommandTest {
    @TempDir
    Path folder;

    private Path run(String name, String config, String... lines) throws IOException {
        Path run = Files.createDirectories(folder.resolve(name));
        Files.write(run.resolve(ReportCommand.LOG), List.of(lines));
        if (config != null) {
            Files.writeString(run.resolve(ReportCommand.CONFIG), config);
        }
        return run;
    }

    @Test
    void oneRunsPageLiesInItsFolder() throws IOException {
        Path run = run("one", "lr: 0.1\n", "{\"step\":0,\"loss\":4.5,\"chance_loss\":5.5}", "{\"step\":1,\"loss\":3.5,\"lr\":0.1}");
        String out = CommandRun.of("report", run, "--log-loss", "--refresh", 30).done().out();
        assertTrue(out.contains("report.html: 1 run"), out);
        String html = Files.readString(run.resolve("report.html"));
        assertTrue(html.contains("<figcaption>loss</figcaption>") && html.contains("<figcaption>lr</figcaption>"));
        assertFalse(html.contains("<figcaption>chance_loss</figcaption>"), "what is of chance is a line in the chart of the other");
        assertTrue(html.contains("chance: 5.5"));
        assertTrue(html.contains(" log\"") && html.contains("content=\"30\""));
    }

    @Test
    void severalRunsLieOverEachOther() throws IOException {
        Path first = run("a/run", "train:\n  lr: 0.1\n  seed: 7\n", "{\"step\":0,\"loss\":4.5}");
        Path second = run("b/run", null, "{\"step\":0,\"loss\":4.25}", "{\"step\":1,\"lo");
        Path page = folder.resolve("page.html");
        CommandRun.of("report", first, second, "--out", page).done();
        String html = Files.readString(page);
        assertTrue(html.contains("4.5") && html.contains("4.25") && html.contains("train.lr"));
        assertTrue(html.contains("There is no config.yaml"));
        CommandRun.of("report", first, first).failed(ExitCode.USAGE, "given twice");
        CommandRun.of("report", first, "--refresh", "-1").failed(ExitCode.USAGE, "--refresh -1");
    }

    @Test
    void whatIsNoRunIsNamed() throws IOException {
        run("stages/backbone", null, "{\"step\":0}");
        CommandRun.of("report", folder.resolve("stages")).failed(ExitCode.FAILED, "log.jsonl", "backbone");
        CommandRun.of("report", folder.resolve("none")).failed(ExitCode.FAILED, "none", "give a folder");
        CommandRun.of("report", run("odd", null, "{\"step\":0}", "hello", "{\"step\":1}")).failed(ExitCode.FAILED, "line 2", "step");
        CommandRun.of("report", run("word", null, "{\"step\":\"x\"}", "{\"step\":1}")).failed(ExitCode.FAILED, "line 1");
    }

    @Test
    void settingsAreFlattened() {
        List<String> yaml = """
            # a run
            kind: pretrain   # of both levels
            backbone:
              optimizer:
                lr: 0.1
                name: "sgd # 1"
              films: [a, b]
            stages:
            - data: one
              epochs: 3
            - data: two
            sizes:
              - 1
              - 2
            last: yes
            """.lines().toList();
        assertEquals("{kind=pretrain, backbone.optimizer.lr=0.1, backbone.optimizer.name=\"sgd # 1\", backbone.films=[a, b], "
            + "stages.0.data=one, "
            + "stages.0.epochs=3, stages.1.data=two, sizes.0=1, sizes.1=2, last=yes}", SettingsText.flat(yaml).toString());
        assertEquals(Map.of(), SettingsText.flat(List.of("", "# nothing")));
    }
}
