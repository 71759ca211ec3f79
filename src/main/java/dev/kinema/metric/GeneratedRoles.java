package dev.kinema.metric;

import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/**
 * What a generated text says of one event, such as {@code walk.01 <Arg0> man in white <AScn> in a park}: a verb's sense, then roles, each
 * opened by its marker.
 */
public final class GeneratedRoles {
    /** Where the verb's sense is kept among the roles. */
    public static final String VERB = "vb_id";
    /** Where the text before the first marker is kept. */
    public static final String UNMARKED = "";

    private static final Map<String, String> MARKERS =
        RoleNames.MARKED.stream().collect(Collectors.toUnmodifiableMap(RoleNames::marker, code -> code));

    private GeneratedRoles() {
    }

    /**
     * The parts of a text, in the order in which they open: {@link #VERB}, {@link #UNMARKED} where there is something before the first
     * marker or no marker at all, and the codes of roles. Text is parted at single spaces. A role that opens again takes the place of the
     * earlier one; a role may have an empty text. A text whose first piece has no full stop, so is no verb's sense, has no parts.
     */
    public static Map<String, String> parse(String text) {
        String[] pieces = text.split(" ", -1);
        if (!pieces[0].contains(".")) {
            return Map.of();
        }
        Map<String, String> parts = new LinkedHashMap<>();
        parts.put(VERB, pieces[0]);
        String role = UNMARKED;
        List<String> said = new ArrayList<>();
        for (int i = 1; i < pieces.length; i++) {
            String opened = MARKERS.get(pieces[i]);
            if (opened == null) {
                said.add(pieces[i]);
            } else {
                if (i > 1) {
                    parts.put(role, String.join(" ", said));
                }
                said.clear();
                role = opened;
            }
        }
        parts.put(role, String.join(" ", said));
        return Collections.unmodifiableMap(parts);
    }
}
