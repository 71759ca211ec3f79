package dev.kinema.task.vidsitu;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * People who say what they see in made-up clips, and do not all say the same: some choose another sense of a verb, word an entity in
 * another way (the same throughout a clip), or see another relation.
 */
final class Annotators {
    private static final double OTHER_WORDS = 0.25;
    private static final double OTHER_RELATION = 0.1;
    private static final double OTHER_SENSE = 0.1;
    private static final List<String> ARTICLES = List.of("the ", "a ");
    /** Senses that only voters choose, so that validation has verbs that train has not. */
    private static final List<String> STRAY = List.of("exist.01", "stand.03", "turn.02");
    /** Votes for an event's own verb are at least so many, which no other can reach. */
    private static final int LEAST_AGREED = 6;

    private Annotators() {
    }

    /**
     * What one person says of a clip.
     *
     * @param free whether the person also chooses the verbs; otherwise they are given, as in validation
     */
    static Annotation annotation(Clip clip, Story story, boolean free, Draws draws) {
        Map<String, String> words = new HashMap<>();
        List<Event> events = new ArrayList<>();
        for (int i = 0; i < Clip.EVENTS; i++) {
            Story.Scene scene = story.scenes().get(i);
            boolean other = draws.chance(OTHER_SENSE) && free;
            List<Role> roles = new ArrayList<>();
            for (StoryVerb.Slot slot : scene.verb().slots()) {
                String text = scene.text(slot);
                boolean entity = slot.filler() != StoryVerb.Filler.FIXED;
                String worded = draws.chance(OTHER_WORDS) ? draws.of(ARTICLES) + text : text;
                roles.add(Role.of(slot.name(), entity ? words.computeIfAbsent(text, t -> worded) : text));
            }
            Relation relation = draws.chance(OTHER_RELATION) ? draws.of(List.of(Relation.values())) : story.relation(i);
            events.add(new Event(other ? scene.verb().otherGloss() : scene.verb().gloss(),
                other ? scene.verb().otherId() : scene.verb().id(), roles, i == Relation.PIVOT ? Optional.empty() : Optional.of(relation)));
        }
        return new Annotation(clip, events);
    }

    /** Which verbs {@link Split#VOTES} people choose for each event; most choose its own. */
    static List<List<String>> votes(Story story, Draws draws) {
        List<List<String>> votes = new ArrayList<>();
        for (Story.Scene scene : story.scenes()) {
            List<String> chosen = new ArrayList<>();
            for (int i = 0; i < Split.VOTES; i++) {
                String own = scene.verb().id();
                boolean agrees = i < LEAST_AGREED || draws.chance(0.3);
                String other = draws.chance(0.6) ? scene.verb().otherId() : draws.chance(0.8) ? draws.of(List.of(StoryVerb.values())).id()
                    : draws.of(STRAY);
                chosen.add(draws.below(i + 1), agrees ? own : other);
            }
            votes.add(List.copyOf(chosen));
        }
        return votes;
    }
}
