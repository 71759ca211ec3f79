package dev.kinema.metric;

import dev.kinema.KinemaException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

/**
 * The scored roles of clips as items, side by side: n texts with their references, the verb and the role's code of each, the clip that it
 * is of and the mention that it is there.
 */
record RoleItems(List<Captions.Item> texts, List<String> verbs, List<String> roles, List<Integer> clips, List<String> mentions) {
    static RoleItems of(List<SemanticRoles.Clip> clips) {
        RoleItems items = new RoleItems(new ArrayList<>(), new ArrayList<>(), new ArrayList<>(), new ArrayList<>(), new ArrayList<>());
        for (int i = 0; i < clips.size(); i++) {
            for (int event = 0; event < clips.get(i).gold().get(0).size(); event++) {
                items.add(clips.get(i), i, event);
            }
        }
        return items;
    }

    /** The name, within its clip, of a role of an event. */
    static String mention(int event, String role) {
        return "Ev" + event + "_" + role;
    }

    /** A score of each item, by clip and mention. */
    List<Map<String, Double>> byMention(double[] scores, int clipCount) {
        List<Map<String, Double>> found = new ArrayList<>();
        for (int i = 0; i < clipCount; i++) {
            found.add(new HashMap<>());
        }
        for (int i = 0; i < scores.length; i++) {
            found.get(clips.get(i)).put(mentions.get(i), scores[i]);
        }
        return found;
    }

    private void add(SemanticRoles.Clip clip, int place, int index) {
        int event = SemanticRoles.FIRST_EVENT + index;
        List<SemanticRoles.Frame> frames = clip.gold().stream().map(annotator -> annotator.get(index)).toList();
        SemanticRoles.Frame first = frames.get(0);
        checkHas(clip, event, frames);
        for (String name : first.arguments().keySet()) {
            String role = RoleNames.code(name);
            if (RoleNames.SCORED.contains(role)) {
                texts.add(new Captions.Item(clip.predictedOf(event).getOrDefault(role, ""),
                    frames.stream().map(frame -> frame.arguments().get(name)).toList()));
                verbs.add(first.verb());
                roles.add(role);
                clips.add(place);
                mentions.add(mention(event, role));
            }
        }
    }

    private static void checkHas(SemanticRoles.Clip clip, int event, List<SemanticRoles.Frame> frames) {
        Set<String> wanted = scored(frames.get(0));
        for (int annotator = 1; annotator < frames.size(); annotator++) {
            Set<String> has = scored(frames.get(annotator));
            if (!has.containsAll(wanted)) {
                throw new KinemaException("clip " + clip.id() + ", Ev" + event + ": annotator " + (annotator + 1) + " of its folds has the "
                    + "roles " + has + " and annotator 1 " + wanted + ": give each annotator all scored roles of the first");
            }
        }
    }

    private static Set<String> scored(SemanticRoles.Frame frame) {
        Set<String> names = new TreeSet<>(frame.arguments().keySet());
        names.removeIf(name -> !RoleNames.SCORED.contains(RoleNames.code(name)));
        return names;
    }
}
