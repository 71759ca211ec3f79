package dev.kinema.run;

/** Is told how a run goes; called by the thread that trains. */
public interface Progress {

    /**
     * After each step.
     *
     * @param done steps of the whole run that are done, this one and those before a resume included
     * @param steps of the whole run
     * @param rate steps a second of late, checkpoints included
     * @param secondsLeft at that rate
     */
    void step(long done, long steps, Metrics metrics, double rate, double secondsLeft);

    /** Something to be shown that is no error: where the run goes on, a damaged checkpoint that is passed over. */
    void note(String message);
}
