package dev.kinema.finetune;

import dev.kinema.Version;
import dev.kinema.checkpoint.AtomicFile;
import dev.kinema.config.ConfigWriter;
import dev.kinema.device.Device;
import dev.kinema.pretrain.PretrainConfig;
import dev.kinema.pretrain.Pretraining;
import dev.kinema.run.Environment;
import dev.kinema.run.LoopSettings;
import dev.kinema.run.StageFolder;
import dev.kinema.task.vidsitu.Prediction;
import dev.kinema.task.vidsitu.Split;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Fine-tuning by one configuration: pretraining, if it has that; features of all clips' events, if a task reads them; then the runs of each
 * task, one for each seed. Folders: {@code pretrain}, {@code features}, and for each task and seed one such as {@code vb/seed-1}. What is done
 * is not done again, what was interrupted goes on, and what was made with other settings is kept under another name.
 */
public final class Finetuning {
    private final FinetuneConfig config;
    private final Path out;
    private final int runs;
    private final List<String> command;
    private final Watcher watcher;

    private Finetuning(FinetuneConfig config, Path out, int runs, List<String> command, Watcher watcher) {
        this.config = config;
        this.out = out;
        this.runs = runs;
        this.command = command;
        this.watcher = watcher;
    }

    /** Is told how it goes, in the thread that runs it. */
    public interface Watcher extends Pretraining.Watcher {
    }

    /**
     * Runs or resumes.
     *
     * @param out the folder of all of it
     * @param runs of each task, with the configuration's seed and those after it
     * @param command as given by the user, for the records
     * @return what came out, which is also in {@code results.json} there
     * @throws dev.kinema.KinemaException if something fails or is interrupted; what is done is kept, and the same call goes on
     */
    public static TaskResults run(FinetuneConfig config, Path out, int runs, List<String> command, Watcher watcher) {
        return new Finetuning(config, out, runs, command, watcher).run();
    }

    private TaskResults run() {
        TuningClips clips = TuningClips.read(config.dataset(), tests());
        new StageFolder(out, watcher::note).create();
        AtomicFile.writeText(out.resolve("config.yaml"), ConfigWriter.write(config));
        Optional<Pretraining.Result> pretrained =
            config.pretrain().map(settings -> Pretraining.run(settings, out.resolve("pretrain"), command, watcher));
        try (Device device = Device.open(config.device(), config.threads())) {
            List<TunedTask<?>> tasks = new TuningStart(config, out, device, clips, pretrained, watcher).tasks();
            TaskResults results = new TaskResults(config.row(), clips.dataset().layout().root(), clips.counts(), Version.CURRENT,
                config.device(), List.of());
            for (int i = 0; i < runs; i++) {
                for (TunedTask<?> task : tasks) {
                    results = results.with(task.form().task(), run(device, task, config.seed() + i), task.baselines(), task.chance());
                }
                results.write(out);
            }
            return results;
        }
    }

    private List<Split> tests() {
        List<Split> tests = new ArrayList<>();
        config.verbs().ifPresent(settings -> tests.add(Split.TEST_VERBS));
        config.roles().ifPresent(settings -> tests.add(Split.TEST_ROLES));
        config.relations().ifPresent(settings -> tests.add(Split.TEST_RELATIONS));
        return tests;
    }

    private <P extends Prediction> TaskScores.Outcome run(Device device, TunedTask<P> task, long seed) {
        PretrainConfig.CheckpointSettings saving = config.checkpoints();
        LoopSettings loop = new LoopSettings(saving.everySteps(), saving.everyMinutes(), saving.keep(), 1);
        Environment environment = Environment.here(device.name() + " (" + device.description() + ")", config.threads(), command);
        StageFolder folder = new StageFolder(out.resolve(task.form().task().label()).resolve("seed-" + seed), watcher::note);
        return task.run(folder, seed, environment, loop, watcher);
    }
}
