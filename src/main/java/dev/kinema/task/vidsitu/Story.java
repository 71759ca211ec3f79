package dev.kinema.task.vidsitu;

import dev.kinema.video.EventFilm;
import dev.kinema.video.SituationFilm;
import dev.kinema.video.SituationFilm.Moment;
import java.util.ArrayList;
import java.util.List;

/**
 * What happens in a made-up clip, drawn by a grammar: two people take part, one of whom does most; the other responds. One thing is in most
 * events, and most go on where the one before was. After a verb comes its usual follower, or any.
 *
 * @param scenes what is so, in each event
 */
record Story(List<Scene> scenes) {
    private static final double USUAL_VERB = 0.4;
    private static final double SAME_ACTOR = 0.8;
    private static final double SAME_THING = 0.8;
    private static final double SAME_PLACE = 0.85;

    private static final List<String> ACTORS = List.of("man in red", "woman in blue", "boy in green", "girl in yellow", "nurse in white",
        "thief in black");
    private static final List<String> THINGS = List.of("box", "wheel", "tent", "cross", "kite", "rope");
    private static final List<String> PLACES = List.of("burning barn", "forest", "harbour", "desert", "night club");

    /**
     * An event. Actors, things and places are numbered as films show them.
     *
     * @param partner the other person
     */
    record Scene(StoryVerb verb, int actor, int thing, int partner, int place) {
        /** What a slot of the verb's frame is filled with. */
        String text(StoryVerb.Slot slot) {
            return switch (slot.filler()) {
                case ACTOR -> ACTORS.get(actor);
                case PARTNER -> ACTORS.get(partner);
                case THING -> THINGS.get(thing);
                case PLACE -> PLACES.get(place);
                case FIXED -> slot.text();
            };
        }

        /** What is not in the verb's frame is not shown. */
        Moment moment() {
            return new Moment(verb.ordinal(), actor, verb.has(StoryVerb.Filler.THING) ? thing : SituationFilm.NONE,
                verb.has(StoryVerb.Filler.PARTNER) ? partner : SituationFilm.NONE, place);
        }
    }

    static Story draw(Draws draws) {
        int first = draws.below(SituationFilm.ACTORS);
        int second = (first + 1 + draws.below(SituationFilm.ACTORS - 1)) % SituationFilm.ACTORS;
        int usualThing = draws.below(SituationFilm.THINGS);
        int place = draws.below(SituationFilm.PLACES);
        List<StoryVerb> verbs = List.of(StoryVerb.values());
        List<Scene> scenes = new ArrayList<>();
        StoryVerb verb = draws.of(verbs);
        for (int i = 0; i < Clip.EVENTS; i++) {
            if (i > 0) {
                verb = draws.chance(USUAL_VERB) ? verb.usualNext() : draws.of(verbs);
                place = draws.chance(SAME_PLACE) ? place : draws.below(SituationFilm.PLACES);
            }
            boolean usual = draws.chance(SAME_ACTOR) != (verb.kind() == StoryVerb.Kind.RESPOND);
            int thing = draws.chance(SAME_THING) ? usualThing : draws.below(SituationFilm.THINGS);
            scenes.add(new Scene(verb, usual ? first : second, thing, usual ? second : first, place));
        }
        return new Story(List.copyOf(scenes));
    }

    /** The film of it. */
    SituationFilm film(long seed, EventFilm.Format format) {
        return SituationFilm.of(seed, scenes.stream().map(Scene::moment).toList(), format);
    }

    /** How an event is related to the third one. */
    Relation relation(int event) {
        StoryVerb own = scenes.get(event).verb();
        StoryVerb pivot = scenes.get(Relation.PIVOT).verb();
        return event < Relation.PIVOT ? own.to(pivot) : pivot.to(own);
    }
}
