package dev.kinema.cli;

/** What the process returns. */
final class ExitCode {
    static final int DONE = 0;
    /** Some inputs failed; each was named. */
    static final int FAILED = 1;
    /** The command line was wrong. */
    static final int USAGE = 2;
    /** A bug of ours (EX_SOFTWARE of sysexits.h). */
    static final int BUG = 70;
    /** Interrupted, as by Ctrl-C (128 + SIGINT). */
    static final int INTERRUPTED = 130;

    private ExitCode() {
    }
}
