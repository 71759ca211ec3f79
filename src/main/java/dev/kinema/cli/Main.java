package dev.kinema.cli;

import dev.kinema.KinemaException;
import dev.kinema.Version;
import java.io.OutputStreamWriter;
import java.io.PrintWriter;
import java.nio.charset.Charset;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ScopeType;
import picocli.CommandLine.Spec;
import picocli.CommandLine.UnmatchedArgumentException;

/**
 * The command {@code kinema}.
 *
 * <p>Exit codes: 0 done; 1 failed, which includes films whose decoder ran out of memory or into a bug; 2 wrong usage; 70 a bug of
 * Kinema's; 130 interrupted. What goes wrong is one line on standard error, {@code kinema: ...}; with {@code --verbose} the stack trace
 * follows.
 */
@Command(name = "kinema", description = "Self-supervised movie understanding: features and events of films.",
    mixinStandardHelpOptions = true, versionProvider = Main.VersionLine.class,
    subcommands = {DemoCommand.class, PretrainCommand.class, FinetuneCommand.class, ReportCommand.class, TableCommand.class, ExtractCommand.class,
        EmbedCommand.class, CalibrateCommand.class, VidSituCommand.class, ForwardCommand.class, ProfileCommand.class,
        ImportCommand.class, InitCommand.class, BenchCommand.class, DevicesCommand.class},
    footer = {"", "Exit status: 0 done, 1 failed, 2 wrong usage, 70 a bug, 130 interrupted."})
public final class Main implements Runnable {
    /** How long an interrupted command may take to put its files in order. */
    private static volatile int longestUnwindingSeconds = 10;
    /** Whether the process was told to end while a command runs. */
    private static volatile boolean stopping;

    @Spec
    private CommandSpec spec;

    @Option(names = "--verbose", scope = ScopeType.INHERIT, description = "Show the stack trace of an error.")
    private boolean verbose;

    /** What {@code --version} says. */
    static final class VersionLine implements CommandLine.IVersionProvider {
        @Override
        public String[] getVersion() {
            return new String[] {"kinema " + Version.CURRENT + " (Java " + System.getProperty("java.version") + ", "
                + System.getProperty("os.name") + " " + System.getProperty("os.arch") + ")"};
        }
    }

    private Main() {
    }

    /** Runs the command line and exits with its code. */
    public static void main(String[] args) {
        Charset charset = Charset.defaultCharset();
        PrintWriter out = new PrintWriter(new OutputStreamWriter(System.out, charset), true);
        PrintWriter err = new PrintWriter(new OutputStreamWriter(System.err, charset), true);
        CountDownLatch finished = new CountDownLatch(1);
        interruptOnShutdown(Thread.currentThread(), finished);
        int code = run(args, out, err);
        finished.countDown();
        // A process that is being stopped ends with the status of its signal. An exit beside that would now and then be the faster one.
        if (!stopping) {
            System.exit(code);
        }
    }

    /** Ctrl-C becomes an interrupt of the command, which then removes what it has half written. */
    private static void interruptOnShutdown(Thread command, CountDownLatch finished) {
        Runtime.getRuntime().addShutdownHook(new Thread(() -> {
            if (finished.getCount() > 0) {
                stopping = true;
                command.interrupt();
                try {
                    finished.await(longestUnwindingSeconds, TimeUnit.SECONDS);
                } catch (InterruptedException e) {
                    Thread.currentThread().interrupt();
                }
            }
        }, "kinema-shutdown"));
    }

    /** Lets the command that is running take longer to end when it is interrupted: a training first ends its step, and saves. */
    static void allowUnwinding(int seconds) {
        longestUnwindingSeconds = seconds;
    }

    /**
     * Runs the command line.
     *
     * @return the exit code
     */
    public static int run(String[] args, PrintWriter out, PrintWriter err) {
        Main main = new Main();
        CommandLine line = new CommandLine(main);
        // a film may be named @film.mp4
        line.setOut(out).setErr(err).setCaseInsensitiveEnumValuesAllowed(true).setExpandAtFiles(false);
        line.setParameterExceptionHandler((e, a) -> main.wrongUsage(e, err));
        line.setExecutionExceptionHandler((e, c, parsed) -> main.failed(e, err));
        try {
            int code = line.execute(args);
            if (out.checkError() && code == ExitCode.DONE) {
                err.println("kinema: what was to be printed could not be written to standard output: check where it leads");
                return ExitCode.FAILED;
            }
            return code;
        } catch (Error e) {
            return main.failed(e, err);
        } finally {
            out.flush();
            err.flush();
        }
    }

    @Override
    public void run() {
        throw new ParameterException(spec.commandLine(), "no command was given: it is one of "
            + String.join(", ", spec.subcommands().keySet()));
    }

    private int wrongUsage(ParameterException e, PrintWriter err) {
        CommandSpec command = e.getCommandLine().getCommandSpec();
        String name = command.qualifiedName();
        boolean unknown = e instanceof UnmatchedArgumentException && command.parent() == null;
        String message = unknown ? "there is no command " + ((UnmatchedArgumentException) e).getUnmatched().get(0) + ": it is one of "
            + String.join(", ", command.subcommands().keySet()) : e.getMessage();
        err.println("kinema: " + line(message) + " (see '" + name + " --help')");
        trace(e, err);
        return ExitCode.USAGE;
    }

    private int failed(Throwable e, PrintWriter err) {
        if (Thread.currentThread().isInterrupted()) {
            err.println("kinema: interrupted: what was finished is kept, give the same command again to go on");
            trace(e, err);
            return ExitCode.INTERRUPTED;
        }
        if (e instanceof KinemaException) {
            err.println("kinema: " + line(e.getMessage()));
        } else if (e instanceof OutOfMemoryError) {
            err.println("kinema: out of memory (" + line(String.valueOf(e.getMessage()))
                + "): give Java more, such as KINEMA_JAVA_OPTS=-Xmx8g, or ask for less at a time");
        } else {
            err.println("kinema: this is a bug of Kinema's: " + line(e.toString())
                + (verbose ? "" : " (run again with --verbose for the stack trace, and report it)"));
        }
        trace(e, err);
        return e instanceof KinemaException || e instanceof OutOfMemoryError ? ExitCode.FAILED : ExitCode.BUG;
    }

    /** Says what is wrong with one input of a command that goes on. */
    static void report(KinemaException e, CommandLine command) {
        command.getErr().println("kinema: " + line(e.getMessage()));
        ((Main) command.getCommandSpec().root().userObject()).trace(e, command.getErr());
    }

    private void trace(Throwable e, PrintWriter err) {
        if (verbose) {
            e.printStackTrace(err);
        }
    }

    /** A message on one line, whatever its parts hold. */
    static String line(String message) {
        return message.strip().replaceAll("\\s*[\\r\\n\\u2028\\u2029]+\\s*", " ");
    }
}
