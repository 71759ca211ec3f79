package dev.kinema.finetune;

import dev.kinema.KinemaException;
import dev.kinema.metric.GeneratedRoles;
import dev.kinema.task.vidsitu.Annotation;
import dev.kinema.task.vidsitu.Clip;
import dev.kinema.task.vidsitu.Event;
import dev.kinema.task.vidsitu.RolePrediction;
import dev.kinema.task.vidsitu.RoleSequence;
import dev.kinema.task.vidsitu.RoleTokenizer;
import dev.kinema.task.vidsitu.RoleTokenizer.Spaces;
import dev.kinema.task.vidsitu.Situation;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Events' verbs and roles as a network's tokens, and what it writes as roles. */
final class RoleTexts {
    private final RoleTokenizer tokenizer;
    private final TokenTable tokens;
    private final Spaces spaces;
    private final List<int[]> learned = new ArrayList<>();

    /**
     * @param clips to learn from: by their first annotation, as in the toolkit
     * @throws KinemaException if a clip's texts cannot be learned
     */
    RoleTexts(RoleTokenizer tokenizer, RolesConfig config, List<Situation> clips) {
        this.tokenizer = tokenizer;
        spaces = config.decoding().spaces();
        for (Situation clip : clips) {
            for (int event = 0; event < Clip.EVENTS; event++) {
                learned.add(text(clip, event, config.length()));
            }
        }
        tokens = config.tokens() == RolesConfig.Tokens.ALL ? TokenTable.all(tokenizer) : TokenTable.seen(tokenizer, learned);
        learned.replaceAll(tokens::numbers);
    }

    /** Tokens of an event up to its end, without padding. */
    private int[] text(Situation clip, int event, int length) {
        int[] text = encoded(clip, event, said -> RoleSequence.of(said, tokenizer, length));
        int end = length;
        while (text[end - 1] == tokenizer.padding()) {
            end--;
        }
        int[] cut = Arrays.copyOf(text, end);
        if (Arrays.stream(cut).anyMatch(token -> token == tokenizer.padding())) {
            throw new KinemaException(place(clip, event) + " has the token for padding in a text: remove it from the annotation");
        }
        return cut;
    }

    @FunctionalInterface
    private interface Encoding {
        int[] of(Event said);
    }

    private static int[] encoded(Situation clip, int event, Encoding encoding) {
        try {
            return encoding.of(annotation(clip).events().get(event));
        } catch (KinemaException e) {
            throw new KinemaException(place(clip, event) + ": " + e.getMessage(), e);
        }
    }

    private static String place(Situation clip, int event) {
        return "clip " + clip.clip().id() + ", event " + (event + 1);
    }

    private static Annotation annotation(Situation clip) {
        if (clip.annotations().isEmpty()) {
            throw new KinemaException("clip " + clip.clip().id() + " has no annotation, and what is written of an event begins with its"
                + " verb: give clips whose verbs are known");
        }
        return clip.annotations().get(0);
    }

    /** The network's tokens. */
    TokenTable tokens() {
        return tokens;
    }

    /** What is to be learned of some clips, five texts of each. */
    List<int[]> of(int... clips) {
        List<int[]> texts = new ArrayList<>();
        for (int clip : clips) {
            texts.addAll(learned.subList(clip * Clip.EVENTS, (clip + 1) * Clip.EVENTS));
        }
        return texts;
    }

    /** Tokens that are asked for of some clips: all but the verbs. */
    int asked(int... clips) {
        return of(clips).stream().mapToInt(text -> text.length - 1).sum();
    }

    /** Tokens of the longest text to learn. */
    int longest() {
        return learned.stream().mapToInt(text -> text.length).max().orElseThrow();
    }

    /**
     * First tokens of what is to be written of clips' events.
     *
     * @throws KinemaException if there is no annotation to take the verbs from
     */
    List<int[]> prompts(List<Situation> clips) {
        List<int[]> prompts = new ArrayList<>();
        for (Situation clip : clips) {
            for (int event = 0; event < Clip.EVENTS; event++) {
                prompts.add(tokens.numbers(prompt(clip, event)));
            }
        }
        return prompts;
    }

    private int[] prompt(Situation clip, int event) {
        return encoded(clip, event, said -> new int[] {RoleSequence.prompt(said.verbId(), tokenizer)});
    }

    /**
     * Reads what was written.
     *
     * @param written of each event the prompt and what follows
     */
    RolePrediction read(Situation clip, List<List<Integer>> written) {
        List<RolePrediction.Texts> events = new ArrayList<>();
        for (int event = 0; event < Clip.EVENTS; event++) {
            int[] text = tokens.tokens(written.get(event));
            // a verb that the network has no token for is still the one that was asked for
            text[0] = prompt(clip, event)[0];
            Map<String, String> roles = new LinkedHashMap<>(GeneratedRoles.parse(tokenizer.decode(text, spaces)));
            Optional<String> verb = Optional.ofNullable(roles.remove(GeneratedRoles.VERB));
            events.add(new RolePrediction.Texts(verb, roles));
        }
        return new RolePrediction(clip.index(), events);
    }
}
