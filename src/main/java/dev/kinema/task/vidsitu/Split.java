package dev.kinema.task.vidsitu;

/** A part of the dataset. The three test sets share no clip. */
public enum Split {
    TRAIN("train", 1, true),
    VALID("valid", 3, true),
    /** Verbs are asked for. */
    TEST_VERBS("testvb", 0, false),
    /** Verbs are given, roles are asked for. */
    TEST_ROLES("testsrl", 0, false),
    /** Verbs and roles are given, relations are asked for. */
    TEST_RELATIONS("testevrel", 0, false);

    /** Votes that count for an event: the first ones. */
    public static final int VOTES = 10;
    /** Votes that an event must have: the release has nine in some places. */
    public static final int LEAST_VOTES = 9;

    private final String label;
    private final int leastAnnotations;
    private final boolean answered;

    Split(String label, int leastAnnotations, boolean answered) {
        this.label = label;
        this.leastAnnotations = leastAnnotations;
        this.answered = answered;
    }

    /** In file names, such as {@code testsrl}. */
    public String label() {
        return label;
    }

    /** How many annotations each clip must have. */
    public int leastAnnotations() {
        return leastAnnotations;
    }

    /** Whether the release has its answers. */
    public boolean isAnswered() {
        return answered;
    }

    /** Whether annotations must have roles. */
    boolean hasRoles() {
        return answered || this == TEST_RELATIONS;
    }

    String splitFile() {
        return "split_files/vseg_split_" + label + "_lb.json";
    }

    String infoFile() {
        return "vinfo_files/vinfo_" + label + "_lb.json";
    }

    String annotationFile() {
        return "vseg_ann_files/vsann_" + label + "_lb.json";
    }

    /** As the release names the annotations of a test set, from which answers were taken. */
    String unansweredFile() {
        return "vseg_ann_files/vsann_" + label + "_noann_lb.json";
    }
}
