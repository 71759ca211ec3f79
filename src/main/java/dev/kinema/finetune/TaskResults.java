package dev.kinema.finetune;

import com.google.gson.FieldNamingPolicy;
import com.google.gson.Gson;
import com.google.gson.GsonBuilder;
import com.google.gson.JsonNull;
import com.google.gson.JsonPrimitive;
import com.google.gson.JsonSerializer;
import dev.kinema.KinemaException;
import dev.kinema.checkpoint.AtomicFile;
import dev.kinema.config.ConfigReader;
import dev.kinema.task.vidsitu.Scores;
import dev.kinema.task.vidsitu.Task;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * What fine-tuning by one configuration came to: {@code results.json} in its folder.
 *
 * @param row where it stands in the paper's tables; empty for nowhere
 * @param dataset its folder
 * @param clips as many as were used
 * @param kinema the version that made it
 * @param device what computed
 * @param tasks what their runs came to, as far as some are done
 */
public record TaskResults(Optional<TableRow> row, Path dataset, Clips clips, String kinema, String device, List<TaskScores> tasks) {
    /** The file's name. */
    public static final String FILE = "results.json";

    /** Absent values are left out. */
    static final Gson JSON = new GsonBuilder().setFieldNamingPolicy(FieldNamingPolicy.LOWER_CASE_WITH_UNDERSCORES)
        .registerTypeHierarchyAdapter(Optional.class, (JsonSerializer<Optional<?>>) (value, type, context) ->
            value.isPresent() ? context.serialize(value.get()) : JsonNull.INSTANCE)
        .registerTypeHierarchyAdapter(Path.class, (JsonSerializer<Path>) (value, type, context) -> new JsonPrimitive(value.toString()))
        .setPrettyPrinting().disableHtmlEscaping().create();

    /**
     * Numbers of clips.
     *
     * @param train learned from
     * @param valid scored on
     * @param leftOut of validation's, those that count nowhere
     */
    public record Clips(int train, int valid, int leftOut) {
        public Clips {
            if (train < 0 || valid < 0 || leftOut < 0) {
                throw new KinemaException("train is " + train + ", valid " + valid + ", and left_out " + leftOut
                    + ": they must be 0 or more");
            }
        }
    }

    /** What is read from a file is held against itself. */
    public TaskResults {
        tasks = List.copyOf(tasks);
        if (tasks.stream().map(TaskScores::task).distinct().count() < tasks.size()) {
            throw new KinemaException("tasks is " + tasks.stream().map(TaskScores::task).toList() + ": it must have each task once");
        }
    }

    /**
     * The same with one more run.
     *
     * @param task of which; where it has none yet, it comes after the others
     * @param outcome of a seed that is not there
     * @param baselines by name, in order; in place of those that were there
     * @param chance mean accuracy of a constant answer; relations only
     */
    public TaskResults with(Task task, TaskScores.Outcome outcome, Map<String, Scores> baselines, Optional<Double> chance) {
        List<TaskScores> with = new ArrayList<>(tasks);
        List<TaskScores.Outcome> outcomes = new ArrayList<>();
        with.stream().filter(scores -> scores.task().equals(task.label())).findFirst()
            .ifPresent(scores -> outcomes.addAll(scores.outcomes()));
        outcomes.add(outcome);
        TaskScores scores = TaskScores.of(task, outcomes, baselines, chance);
        if (outcomes.size() == 1) {
            with.add(scores);
        } else {
            with.replaceAll(each -> each.task().equals(task.label()) ? scores : each);
        }
        return new TaskResults(row, dataset, clips, kinema, device, with);
    }

    /**
     * Writes {@link #FILE}.
     *
     * @param folder of the runs
     * @throws KinemaException if it cannot be written; a file that was there before stays
     */
    public void write(Path folder) {
        AtomicFile.writeText(folder.resolve(FILE), JSON.toJson(this) + "\n");
    }

    /**
     * Reads what {@link #write} has written. JSON is YAML, and it is read as strictly as settings are.
     *
     * @param file not its folder
     * @throws KinemaException if it is missing, or anything in it is unknown, missing, of a wrong type, or contradicts the rest
     */
    public static TaskResults read(Path file) {
        if (!Files.isRegularFile(file)) {
            throw new KinemaException("there is no '" + file + "': kinema finetune writes it when the first runs of a"
                + " configuration are done");
        }
        return ConfigReader.read(file, TaskResults.class);
    }

    /** For the console: the scores of each task, and which clips they are of. */
    public List<String> lines() {
        List<String> lines = new ArrayList<>();
        lines.add(used());
        for (TaskScores scores : tasks) {
            lines.add("");
            lines.addAll(scores.lines());
        }
        return lines;
    }

    /** Which clips, in words. */
    String used() {
        return dataset + ", " + clips.train() + " clips to learn from, " + clips.valid() + " to score on, " + clips.leftOut() + " left out";
    }
}
