package dev.kinema.task.vidsitu;

import java.util.List;

/**
 * A verb of made-up clips. Its number is the class of texture and motion that shows it.
 *
 * <p>Which relation two events have is decided by their verbs' kinds alone, so that it can be learned from the pixels: what is done to
 * things causes and enables what follows, what moves enables it, and responses are reactions.
 */
enum StoryVerb {
    WALK("walk.01", "walk (move on foot)", "stroll.01", "stroll (walk at ease)", Kind.MOVE,
        new Slot("Arg0 (walker)", Filler.ACTOR), new Slot("ArgM (direction)", "forward"), Slot.SCENE),
    RUN("run.02", "run (go fast on foot)", "jog.01", "jog (run slowly)", Kind.MOVE,
        new Slot("Arg0 (runner)", Filler.ACTOR), new Slot("ArgM (purpose)", "to be in time"), new Slot("ArgM (location)", Filler.PLACE)),
    PUSH("push.01", "push (apply force)", "shove.01", "shove (push hard)", Kind.ACT,
        new Slot("Arg0 (pusher)", Filler.ACTOR), new Slot("Arg1 (thing pushed)", Filler.THING), Slot.SCENE),
    THROW("throw.01", "throw (send through the air)", "hurl.01", "hurl (throw hard)", Kind.ACT,
        new Slot("Arg0 (thrower)", Filler.ACTOR), new Slot("Arg1 (thing thrown)", Filler.THING),
        new Slot("Arg2 (thrown at)", Filler.PARTNER), Slot.SCENE),
    BREAK("break.01", "break (make not whole)", "smash.01", "smash (break to pieces)", Kind.ACT,
        new Slot("Arg0 (breaker)", Filler.ACTOR), new Slot("Arg1 (thing broken)", Filler.THING), new Slot("ArgM (manner)", "with force"),
        Slot.SCENE),
    GIVE("give.01", "give (hand over)", "hand.01", "hand (pass on)", Kind.ACT,
        new Slot("Arg0 (giver)", Filler.ACTOR), new Slot("Arg1 (thing given)", Filler.THING), new Slot("Arg2 (given to)", Filler.PARTNER),
        Slot.SCENE),
    WATCH("watch.01", "watch (look at)", "look.01", "look (turn one's eyes)", Kind.RESPOND,
        new Slot("Arg0 (observer)", Filler.ACTOR), new Slot("Arg1 (thing watched)", Filler.THING), new Slot("ArgM (manner)", "closely"),
        Slot.SCENE),
    CRY("cry.02", "cry (weep)", "sob.01", "sob (weep aloud)", Kind.RESPOND,
        new Slot("Arg0 (crier)", Filler.ACTOR), Slot.SCENE),
    FLEE("flee.01", "flee (run away)", "escape.01", "escape (get away)", Kind.RESPOND,
        new Slot("Arg0 (one who flees)", Filler.ACTOR), new Slot("Arg1 (from)", Filler.PARTNER), new Slot("ArgM (direction)", "away"),
        Slot.SCENE),
    SPEAK("speak.01", "speak (say words)", "talk.01", "talk (speak with)", Kind.MOVE,
        new Slot("Arg0 (speaker)", Filler.ACTOR), new Slot("Arg2 (hearer)", Filler.PARTNER), new Slot("ArgM (goal)", "to be understood"),
        Slot.SCENE);

    /** What a verb does to the story. */
    enum Kind { ACT, MOVE, RESPOND }

    /** Where a role's text comes from. */
    enum Filler { ACTOR, THING, PARTNER, PLACE, FIXED }

    /**
     * A role of a verb's frame.
     *
     * @param name full
     * @param filler what fills it
     * @param text the same in all clips, where the filler is fixed
     */
    record Slot(String name, Filler filler, String text) {
        static final Slot SCENE = new Slot(RoleCode.SCENE_NAME, Filler.PLACE);

        Slot(String name, Filler filler) {
            this(name, filler, "");
        }

        Slot(String name, String text) {
            this(name, Filler.FIXED, text);
        }
    }

    private static final List<StoryVerb> ALL = List.of(values());

    private final String id;
    private final String gloss;
    private final String otherId;
    private final String otherGloss;
    private final Kind kind;
    private final List<Slot> slots;

    StoryVerb(String id, String gloss, String otherId, String otherGloss, Kind kind, Slot... slots) {
        this.id = id;
        this.gloss = gloss;
        this.otherId = otherId;
        this.otherGloss = otherGloss;
        this.kind = kind;
        this.slots = List.of(slots);
    }

    String id() {
        return id;
    }

    String gloss() {
        return gloss;
    }

    /** A sense that some people choose for the same. */
    String otherId() {
        return otherId;
    }

    String otherGloss() {
        return otherGloss;
    }

    Kind kind() {
        return kind;
    }

    List<Slot> slots() {
        return slots;
    }

    boolean has(Filler filler) {
        return slots.stream().anyMatch(slot -> slot.filler() == filler);
    }

    /** The verb that most often comes after this one. */
    StoryVerb usualNext() {
        return ALL.get((ordinal() * 3 + 4) % ALL.size());
    }

    /** How an event of this verb is related to a later one. */
    Relation to(StoryVerb later) {
        return switch (later.kind) {
            case RESPOND -> kind == Kind.MOVE ? Relation.NO_RELATION : Relation.REACTION_TO;
            case ACT -> kind == Kind.RESPOND ? Relation.ENABLES : Relation.CAUSES;
            case MOVE -> kind == Kind.ACT ? Relation.ENABLES : kind == Kind.RESPOND ? Relation.CAUSES : Relation.NO_RELATION;
        };
    }
}
