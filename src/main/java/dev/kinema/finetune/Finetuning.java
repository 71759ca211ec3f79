package dev.kinema.finetune;

import dev.kinema.checkpoint.AtomicFile;
import dev.kinema.checkpoint.Sha256;
import dev.kinema.config.ConfigWriter;
import dev.kinema.device.Compilation;
import dev.kinema.device.Device;
import dev.kinema.device.Precision;
import dev.kinema.pretrain.PretrainConfig;
import dev.kinema.pretrain.Pretraining;
import dev.kinema.run.Environment;
import dev.kinema.run.LoopSettings;
import dev.kinema.run.StageFolder;
import dev.kinema.task.vidsitu.Prediction;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Fine-tuning by one configuration: pretraining, if it has that; features of all clips' events, if a task reads them; then the runs of each
 * task, one for each seed. Folders: {@code pretrain}, {@code features}, and for each task and seed {@code vb/seed-1} and so on. What is done is
 * not done again, what was interrupted goes on, and what was made with other settings is kept under another name.
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
     * @return what came out, which is also in {@code results.json}
     * @throws dev.kinema.KinemaException if something fails or is interrupted; what is done is kept, and the same call goes on
     */
    public static TaskResults run(FinetuneConfig config, Path out, int runs, List<String> command, Watcher watcher) {
        throw new UnsupportedOperationException();
    }
}
