package dev.kinema.cli;

import dev.kinema.KinemaException;
import dev.kinema.report.LineChart.Curve;
import dev.kinema.run.RunFolder;
import dev.kinema.run.StepLog;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** What a training that is done left in its folder: its curves, how long it took, its last checkpoint. */
final class StageRecord {
    private final Path folder;
    private final Map<String, String> facts;
    private final Map<String, StepLog.Series> log;

    StageRecord(Path folder) {
        this.folder = folder;
        facts = RunFolder.done(folder)
            .orElseThrow(() -> new KinemaException("the training in '" + folder + "' is not done: run it to its end"));
        log = StepLog.read(folder.resolve(ReportCommand.LOG));
    }

    private Optional<StepLog.Series> series(String metric) {
        return Optional.ofNullable(log.get(metric));
    }

    /** A metric over the steps; none where it was not logged. */
    List<Curve> curves(String metric, String name) {
        return series(metric).map(series -> new Curve(name, Arrays.stream(series.steps()).asDoubleStream().toArray(), series.values()))
            .stream().toList();
    }

    /** The metric of the last step that logged it. */
    Optional<Double> last(String metric) {
        return series(metric).map(series -> series.values()[series.values().length - 1]);
    }

    long steps() {
        return Long.parseLong(facts.get("steps"));
    }

    /** Seconds that the training took, over all its starts. */
    double seconds() {
        return Double.parseDouble(facts.get("seconds"));
    }

    Path checkpoint() {
        return folder.resolve("checkpoints").resolve(facts.get("checkpoint"));
    }
}
