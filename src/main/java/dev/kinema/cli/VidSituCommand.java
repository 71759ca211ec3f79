package dev.kinema.cli;

import dev.kinema.KinemaException;
import dev.kinema.task.vidsitu.AddedTokens;
import dev.kinema.task.vidsitu.DatasetCheck;
import dev.kinema.task.vidsitu.GeneratedDataset;
import dev.kinema.task.vidsitu.LeftOutClips;
import dev.kinema.task.vidsitu.ReleasedVocabulary;
import dev.kinema.task.vidsitu.VerbVocabulary;
import dev.kinema.task.vidsitu.VidSituDataset;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code kinema vidsitu}: the VidSitu dataset. */
@Command(name = "vidsitu", mixinStandardHelpOptions = true, versionProvider = Main.VersionLine.class, sortOptions = false,
    description = "Check or make up a VidSitu dataset, films' events with verbs, roles and relations, or score predictions.",
    subcommands = {VidSituCommand.Check.class, VidSituCommand.Make.class, VidSituCommand.Vocabulary.class,
        SplitFilmsCommand.class, ScoreCommand.class})
final class VidSituCommand implements Runnable {
    @Spec
    private CommandSpec spec;

    @Override
    public void run() {
        throw new ParameterException(spec.commandLine(), "what is to be done with VidSitu was not given: it is one of "
            + String.join(", ", spec.subcommands().keySet()));
    }

    /** {@code kinema vidsitu check}. */
    @Command(name = "check", mixinStandardHelpOptions = true, versionProvider = Main.VersionLine.class, sortOptions = false,
        description = "Say what is there of a dataset, what is missing, and what is malformed. Ends with status 1 where one cannot train "
            + "and validate on it.")
    static final class Check implements Callable<Integer> {
        /** More of one kind rarely tell more. */
        private static final int MOST_PROBLEMS = 50;
        private static final int MOST_TOKENS = 5;

        @Spec
        private CommandSpec spec;

        @Parameters(paramLabel = "DIR", description = "The folder with vidsitu_annotations.")
        private Path folder;

        @Option(names = "--leave-out", paramLabel = "LIST", description = "Clips to leave out: one id a line, or a csv.")
        private Path leaveOut;

        @Override
        public Integer call() {
            VidSituDataset dataset = VidSituDataset.open(folder);
            DatasetCheck check = (leaveOut == null ? dataset : dataset.without(LeftOutClips.read(leaveOut))).check();
            PrintWriter out = spec.commandLine().getOut();
            out.println(check.layout().annotations());
            print(out, check.splits());
            check.vocabulary().ifPresent(verbs -> out.printf("%d verbs and special symbols, from %s; validation has %d others%n",
                verbs.size(), switch (verbs.origin()) {
                    case JSON -> "verb_id_vocab.json";
                    case PICKLE -> "verb_id_vocab.pkl";
                    case TRAIN -> "train's annotations";
                }, verbs.unknown()));
            check.tokens().ifPresent(tokens -> out.println(describe(tokens)));
            check.missing().forEach(file -> out.println("missing: " + check.layout().root().relativize(file)));
            List<String> problems = check.problems();
            for (String problem : problems.subList(0, Math.min(MOST_PROBLEMS, problems.size()))) {
                Main.report(new KinemaException(problem), spec.commandLine());
            }
            if (problems.size() > MOST_PROBLEMS) {
                Main.report(new KinemaException("and " + (problems.size() - MOST_PROBLEMS) + " more: correct these first"),
                    spec.commandLine());
            }
            if (problems.isEmpty() && !check.isUsable()) {
                Main.report(new KinemaException("files that training and validation need are missing from '" + folder
                    + "': fetch them, see the list"), spec.commandLine());
            }
            return check.isUsable() ? ExitCode.DONE : ExitCode.FAILED;
        }

        private static String describe(DatasetCheck.TokensState tokens) {
            return tokens.size() + " tokens after GPT-2's " + AddedTokens.FIRST + ", " + switch (tokens.origin()) {
                case JSON -> "from bpe_with_seps_vb_arg_vocab.json";
                case PICKLE -> "from bpe_with_seps_vb_arg_vocab.pkl";
                case VERBS -> "made for these verbs; weights that know the release's need its file: put it where it is missed below";
            } + some(tokens.beside(), " are no verb, no role's mark and not padding")
                + some(tokens.lacking(), " verbs or roles' marks have none, and become several");
        }

        private static String some(List<String> tokens, String what) {
            String named = Main.line(String.join(", ", tokens.subList(0, Math.min(MOST_TOKENS, tokens.size()))));
            return tokens.isEmpty() ? "" : "; " + tokens.size() + what + " (" + named + (tokens.size() > MOST_TOKENS ? ", ..." : "") + ")";
        }

        private static void print(PrintWriter out, List<DatasetCheck.SplitState> splits) {
            String row = "%-10s %8s %8s %8s %11s %8s %8s %8s %10s%n";
            out.printf(row, "split", "clips", "left out", "usable", "annotations", "voted", "films", "frames", "no picture");
            for (DatasetCheck.SplitState state : splits) {
                out.printf(row, state.split().label(), state.listed(), state.leftOut(), state.usable(), state.annotations(), state.voted(),
                    state.films(), state.frames(), state.unseen());
            }
            for (DatasetCheck.SplitState state : splits) {
                if (state.incomplete() > 0) {
                    out.printf("%s: %d clips whose film is empty or whose frames are too few%n", state.split().label(), state.incomplete());
                }
                if (state.strangers() > 0) {
                    out.printf("%s: %d annotations of clips that its list does not have%n", state.split().label(), state.strangers());
                }
            }
        }
    }

    /** {@code kinema vidsitu make}. */
    @Command(name = "make", mixinStandardHelpOptions = true, versionProvider = Main.VersionLine.class, sortOptions = false,
        description = "Make up a small dataset of VidSitu's form, whose verbs, roles and relations can be learned from its films.")
    static final class Make implements Callable<Integer> {
        private static final int MOST = 100_000;

        @Spec
        private CommandSpec spec;

        @Parameters(paramLabel = "DIR", description = "Folder to write, which must not hold a dataset.")
        private Path folder;

        @Option(names = "--train", defaultValue = "200", paramLabel = "N", description = "Clips to train on (${DEFAULT-VALUE}).")
        private int train;

        @Option(names = "--valid", defaultValue = "50", paramLabel = "N", description = "Clips to validate on (${DEFAULT-VALUE}).")
        private int valid;

        @Option(names = "--test", defaultValue = "0", paramLabel = "N", description = "Clips of each test set (${DEFAULT-VALUE}).")
        private int test;

        @Option(names = "--seed", defaultValue = "1", paramLabel = "N", description = "Decides every byte (${DEFAULT-VALUE}).")
        private long seed;

        @Override
        public Integer call() {
            if (train < 1 || valid < 1 || test < 0 || Math.max(train, Math.max(valid, test)) > MOST) {
                throw new ParameterException(spec.commandLine(), String.format(Locale.ROOT,
                    "--train %d --valid %d --test %d: the first two must be 1 to %d, the last may be 0", train, valid, test, MOST));
            }
            OutputFolder.check(folder);
            int clips = train + valid + 3 * test;
            VidSituDataset dataset = GeneratedDataset.of(train, valid, seed).withTests(test).write(folder, (done, all) -> { });
            spec.commandLine().getOut().println(dataset.layout().root() + ": " + clips + " clips (seed " + seed + ")");
            return ExitCode.DONE;
        }
    }

    /** {@code kinema vidsitu vocabulary}. */
    @Command(name = "vocabulary", mixinStandardHelpOptions = true, versionProvider = Main.VersionLine.class, sortOptions = false,
        description = "Turn the release's verb_id_vocab.pkl or bpe_with_seps_vb_arg_vocab.pkl into JSON. Nothing in it is executed.")
    static final class Vocabulary implements Callable<Integer> {
        @Spec
        private CommandSpec spec;

        @Parameters(index = "0", paramLabel = "IN.pkl", description = "The release's file.")
        private Path in;

        @Parameters(index = "1", paramLabel = "OUT.json", description = "The file to write, such as vsitu_vocab/verb_id_vocab.json.")
        private Path out;

        @Override
        public Integer call() {
            spec.commandLine().getOut().println(out + ": " + switch (ReleasedVocabulary.of(in)) {
                case VERBS -> verbs();
                case TOKENS -> tokens();
            });
            return ExitCode.DONE;
        }

        private String verbs() {
            VerbVocabulary verbs = VerbVocabulary.readPickle(in);
            verbs.write(out);
            return verbs.verbs().size() + " verbs and " + VerbVocabulary.SPECIALS.size() + " special symbols";
        }

        private String tokens() {
            AddedTokens tokens = AddedTokens.readPickle(in);
            tokens.write(out);
            return tokens.tokens().size() + " tokens after GPT-2's " + AddedTokens.FIRST + ", of which " + tokens.padding() + " is padding";
        }
    }
}
