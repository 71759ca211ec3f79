package dev.kinema.cli;

import dev.kinema.KinemaException;
import dev.kinema.report.LineChart.Curve;
import dev.kinema.report.RunReport.Series;
import dev.kinema.run.RunFolder;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** What a training that is done left in its folder: its curves, how long it took, its last checkpoint. */
final class StageRecord {
    private final Path folder;
    private final Map<String, String> facts;
    private final LoggedSteps log;

    StageRecord(Path folder) {
        this.folder = folder;
        facts = RunFolder.done(folder)
            .orElseThrow(() -> new KinemaException("the training in '" + folder + "' is not done: run it to its end"));
        Path file = folder.resolve(ReportCommand.LOG);
        try {
            log = LoggedSteps.read(file);
        } catch (IOException e) {
            throw new KinemaException("'" + file + "' cannot be read (" + e + "): check the folder's rights", e);
        }
    }

    private Optional<Series> series(String metric) {
        return log.series().stream().filter(series -> series.name().equals(metric)).findFirst();
    }

    /** A metric over the steps; none where it was not logged. */
    List<Curve> curves(String metric, String name) {
        return series(metric).map(series -> new Curve(name, series.steps(), series.values())).stream().toList();
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
